import fc from 'fast-check'
import { expect, test } from 'vitest'
import { World, type Step, type WorldFacts } from './world'

const STEPS = Number(process.env['LEASEPOOL_MODEL_STEPS'] ?? 100_000)
const SEED = Number(process.env['LEASEPOOL_MODEL_SEED'] ?? 1)
/** So many worlds between two looks at how many steps were taken. */
const WORLDS = 50

const seconds = (...all: number[]): fc.Arbitrary<number> => fc.constantFrom(...all.map((one) => one * 1000))

const facts: fc.Arbitrary<WorldFacts> = fc
  .record({
    ttlMs: seconds(1, 2, 5, 10, 30, 60, 60, 300),
    maxTtls: fc.constantFrom(1, 1.5, 4, 24),
    renewable: fc.constantFrom(true, true, true, false),
    tokenTtls: fc.constantFrom(2, 5, 50),
    tokenMaxTtls: fc.constantFrom(6, 100, 10_000),
    isMaxTtlGiven: fc.boolean(),
    rotateFraction: fc.constantFrom(0.2, 0.5, 0.9),
    drainDeadlineMs: seconds(0, 1, 600),
    seed: fc.integer(),
  })
  .map(({ maxTtls, tokenTtls, tokenMaxTtls, ...rest }) => ({
    ...rest,
    maxTtlMs: rest.ttlMs * maxTtls,
    tokenTtlMs: rest.ttlMs * tokenTtls,
    tokenMaxTtlMs: rest.ttlMs * tokenMaxTtls,
  }))

const some = fc.double({ min: 0, max: 0.4, noNaN: true })
const much = fc.double({ min: 0, max: 3, noNaN: true })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: some.map((ttls) => ({ do: 'wait', ttls }) as const) },
  { weight: 4, arbitrary: much.map((ttls) => ({ do: 'wait', ttls }) as const) },
  { weight: 6, arbitrary: fc.constant({ do: 'mood', mood: 'well' } as const) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('away', 'hanging', 'refusing', 'cut', 'slow').map((mood) => ({ do: 'mood', mood }) as const),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'database', isUp: true } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'database', isUp: false } as const) },
  { weight: 3, arbitrary: fc.constant({ do: 'borrow' } as const) },
  { weight: 3, arbitrary: fc.constant({ do: 'give-back' } as const) },
  { weight: 1, arbitrary: fc.constantFrom('revoke-leases', 'revoke-tokens', 'rotate').map((what) => ({ do: what }) as const) },
  { weight: 1, arbitrary: much.map((ttls) => ({ do: 'stop', ttls }) as const) },
  { weight: 1, arbitrary: much.map((ttls) => ({ do: 'suspend', ttls }) as const) },
)
const story = fc.array(step, { minLength: 1, maxLength: 120, size: 'max' })

test(`${STEPS} random steps from seed ${SEED}`, { timeout: 24 * 3_600_000 }, async () => {
  let taken = 0
  let most = 0
  for (let round = 0; taken < STEPS; round++) {
    await fc.assert(
      fc.asyncProperty(facts, story, async (world, steps) => {
        const lived = new World(world)
        try {
          await lived.start()
          for (const one of steps) await lived.take(one)
          await lived.end()
          most = Math.max(most, lived.mostCalls)
        } catch (error) {
          throw new Error(`${(error as Error).message}; the last that happened:\n${lived.story}`, { cause: error })
        }
        taken += steps.length
      }),
      { seed: SEED + round, numRuns: WORLDS },
    )
  }
  console.log(`model: ${taken} steps from seed ${SEED}; at most ${most} requests in 10 s`)
  expect(taken).toBeGreaterThanOrEqual(STEPS)
})
