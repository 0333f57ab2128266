import { describe, expect, it } from 'vitest'
import { LoginPausedError, VaultUnavailableError } from '../src/errors'
import { hang } from './support/fake-source'
import { started } from './support/handle'

const HOUR = 3_600_000
const away = new VaultUnavailableError({ address: 'http://vault', method: 'GET', path: 'database/creds/app' }, 'away')
const refused = (): Error => Object.assign(new Error('password authentication failed for user "x"'), { code: '28P01' })
const issues = (calls: string[]): number => calls.filter((call) => call === 'issue').length

describe('a login that was refused', () => {
  it('leads to one new credential for everybody who was refused, and is worth another try then', async () => {
    const { clock, credentials, calls, of } = await started()
    const reports = Array.from({ length: 16 }, () => credentials.reportError(refused(), 1))
    await clock.advance(0)
    expect(await Promise.all(reports)).toEqual(Array(16).fill(true))
    expect(issues(calls)).toBe(1)
    expect(of('rotated').map(({ event }) => event.reason)).toEqual(['login-refused'])
    expect(of('loginRefused')).toHaveLength(1)
    expect(of('healthChanged').map(({ event }) => [event.to, ...event.reasons])).toEqual([['down', 'login-refused'], ['healthy']])
  })

  it('of an earlier generation is worth another try at once', async () => {
    const { credentials, calls, of } = await started()
    await credentials.rotate()
    expect(await credentials.reportError(refused(), 1)).toBe(true)
    expect(issues(calls)).toBe(1)
    expect(of('loginRefused')).toEqual([])
  })

  it('is worth another try when it was cut and there is a newer credential: its drain may have done that', async () => {
    const { credentials, calls } = await started()
    const cut = new Error('Connection terminated')
    expect(await credentials.reportError(cut, 1)).toBe(false)
    await credentials.rotate()
    expect(await credentials.reportError(cut, 1)).toBe(true)
    expect(await credentials.reportError(cut, 2)).toBe(false)
    expect(issues(calls)).toBe(1)
  })

  it('joins a rotation that is under way', async () => {
    const { clock, credentials, pool, calls } = await started()
    let logIn = (): void => undefined
    pool.onProbe = () => new Promise((resolve) => (logIn = () => resolve('logged-in')))
    const rotating = credentials.rotate()
    await clock.advance(0)
    const reported = credentials.reportError(refused(), 1)
    await clock.advance(0)
    logIn()
    await clock.advance(0)
    await rotating
    expect(await reported).toBe(true)
    expect(issues(calls)).toBe(1)
  })

  it('is not worth another try when no new credential can be had; it is tried again with backoff, and not once for each report', async () => {
    const { clock, credentials, source, calls, of } = await started()
    source.onIssue = () => Promise.reject(away)
    for (let n = 0; n < 20; n++) {
      const reported = credentials.reportError(refused(), 1)
      await clock.advance(10)
      expect(await reported).toBe(false)
    }
    expect(issues(calls)).toBeLessThan(4)
    expect(credentials.status().health).toEqual({ state: 'down', reasons: ['login-refused', 'rotation-failing'] })
    source.onIssue = undefined
    await clock.advance(30_000)
    expect(credentials.current().generation).toBe(2)
    expect(of('healthChanged').at(-1)!.event.to).toBe('healthy')
  })

  it('does not wait longer than 10 s for the new credential', async () => {
    const { clock, credentials, source } = await started()
    source.onIssue = (signal) => hang(signal)
    const reported = credentials.reportError(refused(), 1)
    await clock.advance(9_999)
    expect(await Promise.race([reported, Promise.resolve('waiting')])).toBe('waiting')
    await clock.advance(1)
    expect(await reported).toBe(false)
    await credentials.close()
  })

  it('leads to at most three new credentials a minute, however many are refused', async () => {
    const { clock, credentials, calls } = await started()
    for (let n = 0; n < 10; n++) {
      const reported = credentials.reportError(refused(), credentials.generation)
      await clock.advance(100)
      expect(await reported).toBe(n < 3)
    }
    expect(issues(calls)).toBe(3)
    await clock.advance(60_000)
    const reported = credentials.reportError(refused(), credentials.generation)
    await clock.advance(100)
    expect(await reported).toBe(true)
  })

  it.each([
    ['a busy server', '53300'],
    ['a missing right', '42501'],
    ['a broken query', '42601'],
  ])('is not what %s is', async (_, code) => {
    const { credentials, calls, told } = await started()
    expect(await credentials.reportError(Object.assign(new Error('no'), { code }), 1)).toBe(false)
    expect(calls).toEqual([])
    expect(told).toEqual([])
  })

  it('does nothing after close()', async () => {
    const { credentials, calls } = await started()
    await credentials.close()
    const before = issues(calls)
    expect(await credentials.reportError(refused(), 1)).toBe(false)
    expect(issues(calls)).toBe(before)
  })
})

describe('the pause', () => {
  it('begins with as many refused logins as a minute may have, and ends a minute after the last', async () => {
    const { clock, credentials, source, of } = await started({ refusedLoginsPerMinute: 3 })
    source.onIssue = () => Promise.reject(away)
    for (let n = 0; n < 3; n++) {
      expect(credentials.forLogin().generation).toBe(1)
      void credentials.reportError(refused(), 1)
      await clock.advance(1_000)
    }
    expect(of('loginsPaused').map(({ event }) => event)).toEqual([{ generation: 1, refused: 3, forMs: 60_000 }])
    expect(() => credentials.forLogin()).toThrow(LoginPausedError)
    expect(() => credentials.forLogin()).toThrow(expect.objectContaining({ code: 'ERR_LOGIN_PAUSED', generation: 1 }))
    await clock.advance(58_999)
    expect(() => credentials.forLogin()).toThrow(LoginPausedError)
    await clock.advance(1)
    expect(credentials.forLogin().generation).toBe(1)
  })

  it('ends with the next credential', async () => {
    const { clock, credentials, source } = await started({ refusedLoginsPerMinute: 1 })
    source.onIssue = () => Promise.reject(away)
    await credentials.reportError(refused(), 1)
    expect(() => credentials.forLogin()).toThrow(LoginPausedError)
    expect(credentials.current().generation).toBe(1) // to look at, it is there all the same
    source.onIssue = undefined
    await clock.advance(30_000)
    expect(credentials.forLogin().generation).toBe(2)
  })

  it('lets who meets it wait for the new credential that is being taken', async () => {
    const { clock, credentials, source } = await started({ refusedLoginsPerMinute: 1 })
    let issue = (): void => undefined
    source.onIssue = () => new Promise((resolve) => (issue = resolve))
    const first = credentials.reportError(refused(), 1)
    await clock.advance(0)
    const second = credentials.reportError(new LoginPausedError(1, 60_000), 1)
    issue()
    await clock.advance(0)
    expect(await Promise.all([first, second])).toEqual([true, true])
  })

  it('does not count refusals that are long ago', async () => {
    const { clock, credentials, source } = await started({ refusedLoginsPerMinute: 2 })
    source.onIssue = () => Promise.reject(away)
    void credentials.reportError(refused(), 1)
    await clock.advance(HOUR / 60)
    void credentials.reportError(refused(), 1)
    await clock.advance(0)
    expect(credentials.forLogin().generation).toBe(1)
  })

  it.each([0, 1.5, -1, '3'])('is not to be had for %s logins', async (refusedLoginsPerMinute) => {
    await expect(started({ refusedLoginsPerMinute: refusedLoginsPerMinute as never })).rejects.toMatchObject({
      code: 'ERR_OPTION',
      option: 'LeasedCredentials.refusedLoginsPerMinute',
      expected: 'a whole number of at least 1',
    })
  })
})
