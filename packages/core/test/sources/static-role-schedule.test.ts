import { describe, expect, it } from 'vitest'
import { nextLookMs, stillWaiting, waitingFor } from '../../src/sources/static-role-schedule'

describe('when to look at a static role again', () => {
  it.each([
    [60_000, 0, 60_500],
    [60_000, 0.5, 61_250],
    [0, 0, 500],
    [30 * 86_400_000, 0, 600_000],
  ])('a ttl of %i ms with jitter %d: in %i ms', (ttlMs, jitter, expected) => {
    expect(nextLookMs(waitingFor(1_000, ttlMs), 1_000, jitter)).toBe(expected)
  })

  it('is late by what had gone by', () => {
    expect(nextLookMs(waitingFor(1_000, 60_000), 51_000, 0)).toBe(10_500)
  })

  it('comes more and more rarely while the old password stays, never at once, and with jitter', () => {
    let waiting = waitingFor(0, 1_000)
    const delays = Array.from({ length: 12 }, () => {
      waiting = stillWaiting(waiting, 2_000, 0)
      return nextLookMs(waiting, 2_000, 0)
    })
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, ...Array(6).fill(30_000)])
    expect(nextLookMs(stillWaiting(waitingFor(0, 0), 0, 0), 0, 0.999)).toBeGreaterThanOrEqual(250)
  })

  it('does not believe a ttl that has begun anew with the old password, until it has been long enough', () => {
    let waiting = waitingFor(0, 1_000)
    let nowMs = 1_500
    let looks = 0
    for (; nextLookMs(waiting, nowMs, 0) < 3_000_000 && waiting.dueAtMs === 1_000; looks++) {
      nowMs += nextLookMs(waiting, nowMs, 0)
      waiting = stillWaiting(waiting, nowMs, 3_600_000)
    }
    expect(looks).toBe(8)
    expect(nowMs).toBeGreaterThan(60_000)
    expect(waiting).toEqual(waitingFor(nowMs, 3_600_000))
  })

  it('follows a ttl that was changed before it was due', () => {
    expect(stillWaiting(waitingFor(0, 3_600_000), 600_000, 60_000)).toEqual(waitingFor(600_000, 60_000))
  })
})
