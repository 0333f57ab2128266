import { describe, expect, it } from 'vitest'
import { VaultUnavailableError } from '../../../src/errors'
import { retryInMs } from '../../../src/retry'
import { bodyOf, retryAfterOf, secretsIn } from '../../../src/vault/transport/answer'
import { FakeClock } from '../../support/fake-clock'

const info = { address: 'http://vault', method: 'GET', path: 'x' }
const clock = new FakeClock()

describe('Retry-After', () => {
  const nowMs = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['0', 0],
    ['7', 7_000],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:30 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ])('%s is %s ms', (header, ms) => expect(retryAfterOf(header, nowMs)).toBe(ms))

  it('is in the error of a server that cannot serve now', () => {
    const answer = {
      status: 429,
      headers: { 'retry-after': '7' },
      text: '{"errors":["request path \\"x\\": rate limit quota exceeded"]}',
    }
    expect(() => bodyOf(info, answer, [], clock)).toThrow(
      expect.objectContaining({ retryAfterMs: 7_000, retryable: true, status: 429 }) as Error,
    )
  })

  const asked = (retryAfterMs: number) => new VaultUnavailableError(info, '429', 429, { retryAfterMs })
  it.each<[string, number, number, number, number]>([
    ['is what is waited for', 7_000, 3_600_000, 0, 7_000],
    ['is added to by jitter, up to a quarter', 8_000, 3_600_000, 1, 10_000],
    ['is nothing when the backoff is longer', 10, 3_600_000, 0, 125],
    ['of an hour is not taken at its word', 3_600_000, 3_600_000, 0, 60_000],
    ['leaves time for more attempts before the end', 50_000, 30_000, 0, 10_000],
    ['counts for nothing after the end', 50_000, 0, 0, 125],
  ])('%s', (_, retryAfterMs, remainingMs, jitter, waitedMs) => {
    expect(retryInMs(asked(retryAfterMs), 1, remainingMs, jitter)).toBe(waitedMs)
  })
})

describe('what was sent as a secret', () => {
  it.each<[string, unknown, string | undefined, string[]]>([
    ['the token', undefined, 'abc', ['abc']],
    ['fields that hold one, however short', { password: 'x', role: 'app' }, undefined, ['x']],
    ['long texts', { role: 'some-long-text' }, undefined, ['some-long-text']],
    ['what lies deeper', { data: { list: ['some-long-text', { secret_id: 'y' }] } }, 'abc', ['some-long-text', 'abc', 'y']],
    ['no empty text', { password: '' }, '', []],
  ])('is %s', (_, body, token, secrets) => expect(secretsIn(body, token)).toEqual(secrets))

  it('does not come back in the words of Vault, also where one is in another', () => {
    const answer = { status: 400, headers: {}, text: '{"errors":["no role for secret-text-1 or secret-text"]}' }
    const secrets = secretsIn({ one: 'secret-text', two: 'secret-text-1' }, undefined)
    expect(() => bodyOf(info, answer, secrets, clock)).toThrow('no role for [secret] or [secret]')
  })
})
