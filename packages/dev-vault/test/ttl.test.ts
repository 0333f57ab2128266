import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatSeconds, parseSeconds } from '../src/durations'
import { grantTtl, PastMaxTtlError, SYSTEM_TTL_SECONDS } from '../src/tokens/ttl'

const mount = { defaultSeconds: SYSTEM_TTL_SECONDS, maxSeconds: SYSTEM_TTL_SECONDS }

function grant(ageSeconds: number, incrementSeconds: number, defaultSeconds: number, maxSeconds: number, fractionMs = 0) {
  const issuedMs = 1_700_000_000_000
  return grantTtl({
    issuedMs,
    nowMs: issuedMs + ageSeconds * 1000 + fractionMs,
    incrementSeconds,
    role: { defaultSeconds, maxSeconds },
    mount,
  })
}

describe('grantTtl', () => {
  it.each([
    // age, increment, default, max -> seconds
    [0, 0, 30, 90, 30],
    [0, 0, 7200, 3600, 3600],
    [0, 0, 0, 0, SYSTEM_TTL_SECONDS],
    [0, 0, 0, 60, 60],
    [10, 10, 30, 90, 10],
    [10, -5, 30, 90, 30],
    [80, 0, 30, 90, 10],
    [89, 3600, 30, 90, 1],
    [31, 3600, 30, 90, 59],
    [100, 0, 0, 0, SYSTEM_TTL_SECONDS - 100],
  ])('at age %i with increment %i, default %i and max %i gives %i', (age, increment, ttl, max, expected) => {
    expect(grant(age, increment, ttl, max).seconds).toBe(expected)
  })

  it('warns with what is left, not with the configured maximum', () => {
    expect(grant(31, 3600, 30, 90).warnings).toEqual([
      'TTL of "1h" exceeded the effective max_ttl of "59s"; TTL value is capped accordingly',
    ])
    expect(grant(0, 0, 7200, 3600).warnings[0]).toContain('TTL of "2h" exceeded the effective max_ttl of "1h"')
    expect(grant(60, 30, 30, 90).warnings).toEqual([])
  })

  it('counts whole seconds: the last one can be asked for, and none after it', () => {
    expect(grant(89, 0, 30, 90, 999).seconds).toBe(1)
    expect(() => grant(90, 0, 30, 90)).toThrow(PastMaxTtlError)
  })

  it('gives periods without a maximum, up to the explicit one', () => {
    const role = { defaultSeconds: 5, maxSeconds: 10, periodSeconds: 20 }
    const at = { issuedMs: 0, nowMs: 1_000_000, incrementSeconds: 3600, mount }
    expect(grantTtl({ ...at, role })).toEqual({ seconds: 20, warnings: [] })
    expect(grantTtl({ ...at, role: { ...role, explicitMaxSeconds: 1010 } }).seconds).toBe(10)
  })

  it('never lets a lease live past its maximum, and warns exactly when it caps', () => {
    const seconds = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(seconds, seconds, seconds, seconds, fc.nat(999), fc.nat(999), (age, increment, ttl, max, issueMs, nowMs) => {
        const limit = max > 0 ? Math.min(max, mount.maxSeconds) : mount.maxSeconds
        const role = { defaultSeconds: ttl, maxSeconds: max }
        const request = { issuedMs: issueMs, nowMs: age * 1000 + nowMs, incrementSeconds: increment, role, mount }
        if (age >= limit) {
          expect(() => grantTtl(request)).toThrow(PastMaxTtlError)
          return
        }
        const granted = grantTtl(request)
        const wanted = increment > 0 ? increment : ttl > 0 ? ttl : mount.defaultSeconds
        expect(granted.seconds).toBeGreaterThan(0)
        expect(age + granted.seconds).toBeLessThanOrEqual(limit)
        expect(granted.warnings.length > 0).toBe(granted.seconds < wanted)
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    [30, 30],
    ['30', 30],
    ['-1', -1],
    ['', 0],
    ['5m', 300],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1.5s', 1],
    ['999ms', 0],
  ])('reads %j as %i s', (value, expected) => expect(parseSeconds(value)).toBe(expected))

  it.each(['soon', '5 m', 'm', '1h-5m', true, {}, Number.NaN, '9'.repeat(30)])('refuses %j', (value) =>
    expect(parseSeconds(value)).toBeUndefined(),
  )

  it.each([
    [0, '0s'],
    [59, '59s'],
    [90, '1m30s'],
    [3600, '1h'],
    [3598, '59m58s'],
    [2_764_800, '768h'],
  ])('writes %i s as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.nat(10_000_000), (seconds) => parseSeconds(formatSeconds(seconds)) === seconds))
  })
})
