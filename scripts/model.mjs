// The model test of core for longer: npm run test:model -- --steps 5000000 [--seed 7]. Without a seed, one that nobody has tried.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '1000000' }, seed: { type: 'string' } } })
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31))
for (const [name, value] of Object.entries({ steps: values.steps, seed })) {
  if (!/^\d+$/.test(value)) {
    console.error(`--${name}: expected a whole number, got "${value}"`)
    process.exit(2)
  }
}
const { status } = spawnSync('npx', ['vitest', 'run', 'packages/core/test/model/'], {
  stdio: 'inherit',
  env: { ...process.env, LEASEPOOL_MODEL_STEPS: values.steps, LEASEPOOL_MODEL_SEED: seed },
})
process.exit(status ?? 1)
