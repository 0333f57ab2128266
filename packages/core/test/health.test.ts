import { describe, expect, it } from 'vitest'
import { VaultUnavailableError } from '../src/errors'
import { hang } from './support/fake-source'
import { started } from './support/handle'

const HOUR = 3_600_000
const away = new VaultUnavailableError({ address: 'http://vault', method: 'GET', path: 'database/creds/app' }, 'away')

describe('health', () => {
  it('is healthy, and says nothing, while all goes well', async () => {
    const { clock, credentials, of } = await started({ prepare: (source) => void (source.roleMaxTtlMs = 4 * HOUR) })
    await clock.advance(12 * HOUR)
    expect(credentials.status().health).toEqual({ state: 'healthy', reasons: [] })
    expect(of('healthChanged')).toEqual([])
  })

  it('is degraded from the first renewal that fails, down once the credential has ended, and healthy when Vault is back', async () => {
    const { clock, credentials, source, of } = await started()
    source.onRenew = () => Promise.reject(away)
    source.onIssue = () => Promise.reject(away)
    await clock.advance(2_400_000)
    expect(credentials.status().health).toEqual({ state: 'degraded', reasons: ['renewal-failing'] })
    expect(of('healthChanged').map(({ event }) => event)).toEqual([
      { from: 'healthy', to: 'degraded', reasons: ['renewal-failing'], endsInMs: 1_200_000 },
    ])
    await clock.advance(1_200_000)
    expect(credentials.status().health.state).toBe('down')
    expect(credentials.status().health.reasons[0]).toBe('credential-ended')
    expect(of('healthChanged').at(-1)!.event.to).toBe('down')
    source.onIssue = undefined
    await clock.advance(30_000)
    expect(credentials.status().health).toEqual({ state: 'healthy', reasons: [] })
    expect(of('healthChanged').at(-1)!.event).toMatchObject({
      from: 'down',
      to: 'healthy',
      reasons: [],
      endsInMs: expect.any(Number),
    })
  })

  it('is down at the very end of a credential, though nothing else happens then', async () => {
    const { clock, source, of } = await started({ prepare: (s) => void (s.renewable = false) })
    source.onIssue = (signal) => hang(signal)
    await clock.advance(HOUR - 1)
    expect(of('healthChanged')).toEqual([])
    await clock.advance(1)
    expect(of('healthChanged').map(({ event, atMs }) => [event.to, event.reasons, atMs])).toEqual([
      ['down', ['credential-ended'], HOUR],
    ])
  })

  it('does not mind a rotation by hand that failed: it is not tried again, so nothing would end the trouble', async () => {
    const { credentials, source, of } = await started()
    source.onIssue = () => Promise.reject(away)
    await expect(credentials.rotate()).rejects.toBe(away)
    expect(of('rotationFailed')).toHaveLength(1)
    expect(credentials.status().health.state).toBe('healthy')
  })

  it('does not mind an old generation whose renewals fail', async () => {
    const { clock, credentials, source, pool } = await started()
    pool.busy = true
    await credentials.rotate()
    source.onRenew = (lease) => (lease.id === 'lease-1' ? Promise.reject(away) : undefined)
    await clock.advance(2_400_000)
    expect(credentials.status().health.state).toBe('healthy')
  })

  it('says that the Vault token ends when nobody can log in again', async () => {
    const { credentials, source, of } = await started()
    source.host!.report({ type: 'tokenSpent', event: { endsInMs: 60_000, canLogIn: true } })
    expect(credentials.status().health.state).toBe('healthy')
    source.host!.report({ type: 'tokenSpent', event: { endsInMs: 60_000, canLogIn: false } })
    expect(credentials.status().health).toEqual({ state: 'degraded', reasons: ['token-ending'] })
    source.host!.report({ type: 'loggedIn', event: { method: 'token', ttlMs: 60_000 } })
    expect(of('healthChanged').map(({ event }) => event.to)).toEqual(['degraded', 'healthy'])
  })

  it('leaves no timer after close()', async () => {
    const { clock, credentials } = await started()
    await credentials.close()
    expect(clock.pending).toBe(0)
  })
})
