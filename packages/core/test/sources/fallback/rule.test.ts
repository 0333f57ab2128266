import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leaveAtMs, mayLeave, patienceMs } from '../../../src/sources/fallback/rule'

const MINUTE = 60_000
const inUse = (endsAtMs: number | undefined, termMs: number, isDead = false) => ({ isDead, endsAtMs, termMs })

describe('when a lesser source may take over', () => {
  it.each([
    ['a minute before the end of a long lease', inUse(3_600_000, 3_600_000), 3_540_000],
    ['a quarter before the end of a short one', inUse(60_000, 60_000), 45_000],
    ['never, of what does not end', inUse(undefined, 0), undefined],
    ['at once, of what is dead', inUse(undefined, 0, true), -Infinity],
    ['at once, of a lease that is dead', inUse(3_600_000, 3_600_000, true), -Infinity],
  ])('%s', (_, facts, expected) => expect(leaveAtMs(facts, MINUTE)).toBe(expected))

  const lease = fc.record({
    isDead: fc.constant(false),
    endsAtMs: fc.integer({ min: 0, max: 1e9 }),
    termMs: fc.integer({ min: 0, max: 1e9 }),
  })
  const before = fc.integer({ min: 0, max: 1e7 })

  it('is never after the end, nor before a renewal is due, and the better ones take half of what is left for connections at most', () => {
    fc.assert(
      fc.property(lease, before, fc.double({ min: 0, max: 1, noNaN: true }), (facts, beforeEndMs, share) => {
        const atMs = leaveAtMs(facts, beforeEndMs)!
        expect(atMs).toBeLessThanOrEqual(facts.endsAtMs)
        expect(atMs).toBeGreaterThanOrEqual(facts.endsAtMs - facts.termMs / 3)
        expect(mayLeave(facts, beforeEndMs, atMs)).toBe(true)
        const nowMs = atMs + (facts.endsAtMs - atMs) * share
        const leftMs = facts.endsAtMs - Math.min(5_000, Math.max(250, facts.termMs / 10)) - nowMs
        if (nowMs >= atMs) expect(patienceMs(facts, beforeEndMs, nowMs)).toBeLessThanOrEqual(Math.max(250, leftMs / 2) + 1e-6)
      }),
    )
  })

  it('is not limited in time while nobody else is to take over', () => {
    expect(patienceMs(inUse(3_600_000, 3_600_000), MINUTE, 0)).toBeUndefined()
    expect(patienceMs(inUse(undefined, 0), MINUTE, 0)).toBeUndefined()
    expect(patienceMs(inUse(undefined, 0, true), MINUTE, 0)).toBe(3_000)
  })
})
