import { execFile } from 'node:child_process'
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectOrder } from '../../packages/nestjs/test/support/shutdown-order'
import { serves, TIMEOUT_MS } from '../examples/nestjs-service'
import { startTestBed, type TestBed } from '../support/app'
import { newerNode } from '../support/newer-node'
import { NEST } from './nestjs/versions'
import { asInstalled, cleanEnv, installInto, packInto, run } from './packed'

const OURS = ['core', 'pg-adapter', 'mysql2-adapter', 'knex-adapter', 'typeorm-adapter', 'nestjs', 'dev-vault']
const OTHERS = ['pg', 'mysql2', 'knex', 'reflect-metadata', 'rxjs', '@types/node', '@types/pg', 'jest', 'vitest']
const TESTS = 3

let folder: string
let tarballs: readonly string[]
let bed: TestBed

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasepool-nestjs-'))
  await chmod(folder, 0o755)
  tarballs = (await packInto(folder, OURS)).map(({ filename }) => join(folder, filename))
  bed = await startTestBed({ defaultTtl: '60s', maxTtl: '120s' })
}, 180_000)
afterAll(async () => {
  await bed.stop()
  await rm(folder, { recursive: true, force: true })
})

describe.each(['10', '11', '12'] as const)('NestJS %s', (version) => {
  const app = (...path: string[]): string => join(folder, `nest-${version}`, ...path)
  const degraded = version === '12' ? 'degraded' : 'up'

  beforeAll(async () => {
    await installInto(app(), [...tarballs, ...NEST[version], ...OTHERS.map(asInstalled)])
    for (const type of ['commonjs', 'module'] as const) await compile(join(__dirname, 'nestjs'), app(type), type)
  }, 300_000)

  describe.each(['commonjs', 'module'] as const)('as %s', (type) => {
    test.for(['first', 'last'] as const)('ends pools, then credentials; their module is imported %s', async (imported) => {
      const { host, port } = bed.database
      const auth = { method: 'approle', mount: 'apps', ...bed.login } as const
      const vault = { address: bed.vault.address, auth, mount: 'app-db', role: 'app' }
      const setting = JSON.stringify({ database: { host, port, database: 'app' }, vault, imported })
      const { stdout } = await node(app(type), ['run-shutdown.js'], { SETTING: setting })
      expectOrder(JSON.parse(stdout) as Parameters<typeof expectOrder>[0], 6)
      expect(await bed.database.users()).toEqual([])
    })
  })

  test('an app’s own tests pass in Vitest', async () => {
    const output = await node(app('module'), [app('node_modules/vitest/vitest.mjs'), 'run', '--globals', 'unit.spec.js'], {
      DEGRADED: degraded,
    })
    expect(output.stdout).toMatch(new RegExp(`Tests .*${TESTS} passed`))
  })

  test('and in Jest, with nothing left open', { timeout: 180_000 }, async () => {
    const args = [app('node_modules/jest/bin/jest.js'), '--detectOpenHandles', '--testMatch', '**/unit.spec.js']
    const env = { DEGRADED: degraded }
    // NestJS 12 is made of ES modules only, which Jest lets CommonJS require from Node.js 24.9 on, with this flag.
    const output = await (version === '12'
      ? node(app('commonjs'), ['--experimental-vm-modules', ...args], env, await newerNode())
      : node(app('commonjs'), args, env))
    expect(output.stderr).toMatch(new RegExp(`Tests: .*${TESTS} passed`))
    expect(output.stderr).not.toMatch(/did not exit|open handle/i)
  })

  test(
    'the example serves under load while its users are replaced, and ends in good order',
    { timeout: TIMEOUT_MS },
    async () => {
      const example = app('example')
      await compile(join(__dirname, '../../examples/nestjs/src'), join(example, 'src'), 'commonjs', join(example, 'dist'))
      await serves(example, degraded)
    },
  )
})

/** Compiles `sources` in `to`, as modules of that kind. */
async function compile(sources: string, to: string, type: 'commonjs' | 'module', outDir = to): Promise<void> {
  await cp(sources, to, { recursive: true })
  const compilerOptions = {
    ...{ strict: true, module: 'nodenext', target: 'es2023', types: ['node'], skipLibCheck: false },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true, rootDir: to, outDir },
  }
  await writeFile(join(to, 'package.json'), JSON.stringify({ type }))
  await writeFile(join(to, 'tsconfig.json'), JSON.stringify({ compilerOptions, exclude: ['dev.ts', 'versions.ts'] }))
  await run('tsc', ['-p', to], to)
}

/** Ends with an error unless it exits by itself within a minute. */
function node(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  program = process.execPath,
): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(program, args, { cwd, env: { ...cleanEnv(), NO_COLOR: '1', ...env }, timeout: 60_000 })
}
