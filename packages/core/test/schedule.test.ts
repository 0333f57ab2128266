import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lease } from '../src/lease'
import { ceilingOf, drainDeadlineMs, endMarginMs, renewAtMs, retryDelayMs, rotateAtMs } from '../src/schedule'
import { leaseOf } from './support/leases'

const HOUR = 3_600_000
const TEN_YEARS = 10 * 365 * 24 * HOUR
const cases = { numRuns: 10_000 }

/** For what is checked 10 000 times: `expect` takes far longer than what it looks at. */
function holds(fact: boolean): void {
  if (!fact) throw new Error('It does not hold')
}

/** 1 s to 768 h, as often as 1 s to ten years. */
const duration = fc.oneof(fc.integer({ min: 1_000, max: 768 * HOUR }), fc.integer({ min: 1_000, max: TEN_YEARS }))
const instant = fc.integer({ min: 0, max: TEN_YEARS })
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
/** Drain deadlines that people set, from none to an hour. */
const deadline = fc.integer({ min: 0, max: HOUR })
/** What the schedule keeps for an outage of Vault. */
const OUTAGE_MS = 60_000
const policyFraction = fc.double({ min: 0.01, max: 0.99, noNaN: true })
const lease: fc.Arbitrary<Lease> = fc
  .record({
    issuedAtMs: instant,
    age: fc.oneof(fc.constant(0), duration),
    ttlMs: duration,
    renewable: fc.boolean(),
    truncated: fc.boolean(),
  })
  .map(({ age, ...facts }) => leaseOf({ ...facts, renewedAtMs: facts.issuedAtMs + age }))

describe('renewAtMs', () => {
  it.each([
    [0, 1_000, 0, 666.67],
    [0, HOUR, 0, 2_400_000],
    [0, HOUR, 0.5, 2_280_000],
    [HOUR, 2 * HOUR, 0, 6_000_000],
    [0, 768 * HOUR, 0, 512 * HOUR],
    [5_000, 5_000, 0, 5_000],
    [5_000, 4_000, 0, 5_000],
  ])('renews a lease from %d to %d with jitter %d at %d', (renewedAtMs, endsAtMs, drawn, expected) => {
    expect(renewAtMs({ renewedAtMs, endsAtMs }, drawn)).toBeCloseTo(expected, 0)
  })

  it('lies between half of the life and two thirds of it', () => {
    fc.assert(
      fc.property(instant, duration, jitter, (renewedAtMs, ttlMs, drawn) => {
        const atMs = renewAtMs({ renewedAtMs, endsAtMs: renewedAtMs + ttlMs }, drawn)
        holds(atMs - renewedAtMs >= ttlMs / 2)
        holds(atMs - renewedAtMs <= (ttlMs * 2) / 3 + 1)
      }),
      cases,
    )
  })
})

describe('rotateAtMs', () => {
  const half = { rotateFraction: 0.5, maxTtlMs: undefined, drainDeadlineMs: 600_000 }

  it.each<[string, Lease, number | undefined, { atMs: number; cause: string } | undefined]>([
    ['a renewable lease without a known limit: never', leaseOf({ issuedAtMs: 0 }), undefined, undefined],
    ['a known max_ttl: at its half', leaseOf({ issuedAtMs: 0 }), 24 * HOUR, { atMs: 12 * HOUR, cause: 'max-ttl' }],
    [
      'not renewable: at two thirds',
      leaseOf({ issuedAtMs: 0, renewable: false }),
      undefined,
      { atMs: 2_400_000, cause: 'not-renewable' },
    ],
    [
      'truncated at issue: at half of its life',
      leaseOf({ issuedAtMs: 0, truncated: true }),
      undefined,
      { atMs: 1_800_000, cause: 'max-ttl' },
    ],
    [
      'truncated by a renewal past the plan: at the plan',
      leaseOf({ issuedAtMs: 0, renewedAtMs: 3 * HOUR, truncated: true }),
      undefined,
      { atMs: 2 * HOUR, cause: 'max-ttl' },
    ],
    [
      'truncated by a renewal before the plan: at the renewal',
      leaseOf({ issuedAtMs: 0, renewedAtMs: 1_000, truncated: true }),
      undefined,
      { atMs: 1_000, cause: 'max-ttl' },
    ],
  ])('%s', (_, facts, maxTtlMs, expected) => {
    expect(rotateAtMs(facts, { ...half, maxTtlMs }, 0)).toEqual(expected)
  })

  it('is never after the end of a lease that nothing can extend', () => {
    fc.assert(
      fc.property(
        lease,
        policyFraction,
        fc.option(duration, { nil: undefined }),
        jitter,
        deadline,
        (facts, rotateFraction, maxTtlMs, drawn, drainDeadlineMs) => {
          fc.pre(facts.truncated || !facts.renewable)
          const due = rotateAtMs(facts, { rotateFraction, maxTtlMs, drainDeadlineMs }, drawn)
          holds(due !== undefined && due.atMs <= facts.endsAtMs)
        },
      ),
      cases,
    )
  })

  it('is at rotateFraction of a known max_ttl, up to 10 % earlier, and so before the ceiling', () => {
    fc.assert(
      fc.property(
        fc.record({ issuedAtMs: instant, ttlMs: duration, maxTtlMs: duration, rotateFraction: policyFraction, drawn: jitter }),
        ({ issuedAtMs, ttlMs, maxTtlMs, rotateFraction, drawn }) => {
          const policy = { rotateFraction, maxTtlMs, drainDeadlineMs: 0 }
          fc.pre(maxTtlMs * (1 - rotateFraction) >= OUTAGE_MS)
          const due = rotateAtMs(leaseOf({ issuedAtMs, ttlMs }), policy, drawn)
          const planMs = maxTtlMs * rotateFraction
          holds(due?.cause === 'max-ttl')
          holds(due!.atMs - issuedAtMs <= planMs + 1)
          holds(due!.atMs - issuedAtMs >= planMs * 0.9 - 1)
          holds(due!.atMs < issuedAtMs + maxTtlMs)
        },
      ),
      cases,
    )
  })

  it("leaves time to drain and an outage's worth before a ceiling, or half of a life that is too short for both", () => {
    fc.assert(
      fc.property(duration, policyFraction, jitter, deadline, (maxTtlMs, rotateFraction, drawn, drainDeadlineMs) => {
        const lease = leaseOf({ issuedAtMs: 0, ttlMs: 1_000 })
        const { atMs } = rotateAtMs(lease, { rotateFraction, maxTtlMs, drainDeadlineMs }, drawn)!
        holds(maxTtlMs - atMs >= Math.min(maxTtlMs / 2, drainDeadlineMs + OUTAGE_MS) - 1)
      }),
      cases,
    )
  })

  it('is at the latest when a renewal came back truncated', () => {
    fc.assert(
      fc.property(lease, duration, policyFraction, jitter, (facts, age, rotateFraction, drawn) => {
        const renewedAtMs = facts.issuedAtMs + age
        const cut = leaseOf({ issuedAtMs: facts.issuedAtMs, renewedAtMs, ttlMs: facts.ttlMs, truncated: true })
        holds(rotateAtMs(cut, { ...half, rotateFraction }, drawn)!.atMs <= renewedAtMs)
      }),
      cases,
    )
  })

  it('is not due at once for a fresh lease, truncated at issue or not', () => {
    fc.assert(
      fc.property(
        instant,
        duration,
        fc.boolean(),
        fc.boolean(),
        policyFraction,
        jitter,
        (issuedAtMs, ttlMs, renewable, truncated, share, drawn) => {
          const due = rotateAtMs(
            leaseOf({ issuedAtMs, ttlMs, renewable, truncated }),
            { ...half, rotateFraction: share, drainDeadlineMs: 0 },
            drawn,
          )
          if (due !== undefined) holds(due.atMs - issuedAtMs >= ttlMs * Math.min(share, 1 / 2) * 0.9 - 1)
          else holds(renewable && !truncated)
        },
      ),
      cases,
    )
  })
})

describe('ceilingOf', () => {
  it.each<[string, Lease, number | undefined, number | undefined]>([
    ['nothing known', leaseOf({ issuedAtMs: 5 }), undefined, undefined],
    ['max_ttl given', leaseOf({ issuedAtMs: 5 }), 100, 105],
    ['truncated', leaseOf({ issuedAtMs: 5, ttlMs: 50, truncated: true }), undefined, 55],
    ['both: the earlier', leaseOf({ issuedAtMs: 5, ttlMs: 50, truncated: true }), 20, 25],
  ])('%s', (_, facts, maxTtlMs, expected) => {
    expect(ceilingOf(facts, maxTtlMs)).toBe(expected)
  })
})

describe('retryDelayMs', () => {
  it.each([
    [1, Infinity, 0, 125],
    [1, Infinity, 1, 250],
    [2, Infinity, 1, 500],
    [8, Infinity, 1, 30_000],
    [1_000, Infinity, 1, 30_000],
    [8, 3_000, 1, 1_000],
    [8, 150, 1, 100],
    [8, 0, 1, 10_000],
  ])('attempt %d with %d ms left and jitter %d: %d ms', (attempt, remainingMs, drawn, expected) => {
    expect(retryDelayMs(attempt, remainingMs, drawn)).toBe(expected)
  })

  it('is never below 100 ms or above 30 s, and fits a third of what remains', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.oneof(duration, fc.integer({ min: -1_000, max: 2_000 })),
        jitter,
        (attempt, leftMs, drawn) => {
          const delayMs = retryDelayMs(attempt, leftMs, drawn)
          holds(delayMs >= 100)
          holds(delayMs <= 30_000)
          if (leftMs >= 300) holds(delayMs <= leftMs / 3)
        },
      ),
      cases,
    )
  })
})

describe('drainDeadlineMs', () => {
  it.each([
    ['without an end: the cap', undefined, undefined, 610_000],
    ['a long lease: the cap', { renewedAtMs: 0, endsAtMs: HOUR }, undefined, 610_000],
    ['a short lease: a tenth before its end', { renewedAtMs: 0, endsAtMs: 20_000 }, undefined, 18_000],
    ['the end of the token comes first', { renewedAtMs: 0, endsAtMs: HOUR }, 60_000, 55_000],
  ])('%s', (_, term, limitMs, expected) => {
    expect(drainDeadlineMs(10_000, 600_000, term, limitMs)).toBe(expected)
  })

  it('is always at least 250 ms before the end, and never after the cap', () => {
    fc.assert(
      fc.property(lease, duration, fc.option(instant, { nil: undefined }), instant, (facts, capMs, limitMs, retiredAtMs) => {
        const atMs = drainDeadlineMs(retiredAtMs, capMs, facts, limitMs)
        holds(atMs <= Math.min(facts.endsAtMs, limitMs ?? Infinity) - 250)
        holds(atMs <= retiredAtMs + capMs)
        holds(endMarginMs(facts) <= 5_000)
      }),
      cases,
    )
  })
})
