import { describe, expect, it } from 'vitest'
import { VaultUnavailableError } from '../../src/errors'
import { LeasedCredentials } from '../../src/leased-credentials'
import { VaultStaticRole } from '../../src/sources/vault-static-role'
import { vaultStaticCredentials } from '../../src/vault-credentials'
import { vaultClient } from '../../src/vault-client'
import type { StaticUser, VaultClient } from '../../src/vault/client'
import type { VaultSession } from '../../src/vault/session'
import { FakeClock } from '../support/fake-clock'
import { FakePool } from '../support/fake-pool'
import { fakeVault, json } from '../support/fake-vault'

const PERIOD = 3_600_000
const request = { address: 'http://vault', method: 'GET', path: 'database/static-creds/app' }

/** Vault with one static role whose password changes every hour, and sometimes late. */
class RotatingVault {
  readonly reads: number[] = []
  readonly address = 'http://vault'
  rotations = 1
  nextAtMs = PERIOD
  lateMs = 3_000
  /** As some versions do: `ttl` begins anew though the password is still the old one. */
  rollsOver = false
  isAway = false

  constructor(readonly clock: FakeClock) {}

  readStatic = (): Promise<StaticUser> => {
    const nowMs = this.clock.nowMs()
    this.reads.push(nowMs)
    if (this.isAway) return Promise.reject(new VaultUnavailableError(request, 'away'))
    while (nowMs >= this.nextAtMs + this.lateMs) this.rotate(this.nextAtMs + this.lateMs)
    const leftMs = this.nextAtMs - nowMs
    const ttlMs = leftMs > 0 ? leftMs : this.rollsOver ? leftMs + PERIOD : 0
    const rotation = `rotation ${this.rotations}`
    return Promise.resolve({ username: 'app', password: `password-${this.rotations}`, rotation, ttlMs })
  }

  rotate(atMs: number): void {
    this.rotations += 1
    this.nextAtMs = atMs + PERIOD
  }
}

async function startedRole(options: { replaceConnections?: boolean; prepare?: (vault: RotatingVault) => void } = {}) {
  const clock = new FakeClock(0)
  const vault = new RotatingVault(clock)
  options.prepare?.(vault)
  const session = {
    open: () => Promise.resolve(),
    leave: () => Promise.resolve(),
    withToken: <T>(work: (token: { value: string }) => Promise<T>) => work({ value: 'token' }),
  }
  const { replaceConnections = false } = options
  const common = { client: vault as unknown as VaultClient, session: session as unknown as VaultSession, clock }
  const source = new VaultStaticRole({ role: 'app', replaceConnections, ...common })
  const credentials = await LeasedCredentials.start(source, { clock, random: () => 0 })
  const pool = new FakePool('a')
  credentials.attach(pool)
  const rotated: [number, string][] = []
  credentials.on('rotated', ({ reason }) => rotated.push([clock.nowMs(), reason]))
  return { clock, vault, credentials, pool, rotated }
}

describe('a static role', () => {
  it('is read again just after the password should have changed, until it has, and not before', async () => {
    const { clock, vault, credentials, pool, rotated } = await startedRole({ prepare: (one) => void (one.nextAtMs = 300_000) })
    await clock.advance(300_499)
    expect(vault.reads).toEqual([0])
    expect(credentials.current().password).toBe('password-1')
    await clock.advance(30_000)
    expect(vault.reads.slice(1, 4)).toEqual([300_500, 301_000, 302_000])
    expect(rotated).toEqual([[304_000, 'source-changed']])
    expect(credentials.current().password).toBe('password-2')
    expect(pool.keptOlder).toBe(true)
    expect(credentials.status()).toMatchObject({ generation: 2, username: 'app', endsInMs: undefined, draining: [] })
    await credentials.close()
    expect(clock.pending).toBe(0)
  })

  it('follows every change for a day, with few requests', async () => {
    const { clock, vault, credentials, rotated } = await startedRole()
    await clock.advance(24 * PERIOD)
    expect(rotated).toHaveLength(23)
    expect(credentials.current().password).toBe(`password-${vault.rotations}`)
    expect(vault.reads.length).toBeLessThan(24 * 12)
    await credentials.close()
  })

  it('does not take a ttl that has begun anew for a new password', async () => {
    const { clock, vault, rotated, credentials } = await startedRole({ prepare: (one) => void (one.rollsOver = true) })
    vault.lateMs = 20_000
    await clock.advance(PERIOD + 40_000)
    expect(rotated).toEqual([[expect.any(Number), 'source-changed']])
    expect(rotated[0]![0]).toBeGreaterThanOrEqual(PERIOD + 20_000)
    await credentials.close()
  })

  it('waits for a password that is hours late without asking all the time', async () => {
    const { clock, vault, rotated, credentials } = await startedRole({ prepare: (one) => void (one.lateMs = 4 * PERIOD) })
    await clock.advance(PERIOD)
    const before = vault.reads.length
    await clock.advance(4 * PERIOD - 1)
    expect(vault.reads.length - before).toBeLessThan(4 * 125)
    expect(rotated).toEqual([])
    await clock.advance(30_001)
    expect(rotated).toHaveLength(1)
    await credentials.close()
  })

  it('notices a password that was rotated by hand within ten minutes, and at once when a login was refused', async () => {
    const { clock, vault, credentials, rotated } = await startedRole()
    vault.rotate(clock.nowMs())
    await clock.advance(600_000)
    expect(rotated).toEqual([[600_000, 'source-changed']])
    vault.rotate(clock.nowMs())
    const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' })
    expect(await credentials.reportError(refused, 2)).toBe(true)
    expect(rotated.at(-1)).toEqual([600_000, 'login-refused'])
    expect(credentials.current().password).toBe('password-3')
    await credentials.close()
  })

  it('is not promoted again while Vault has no other password and the database refuses that one', async () => {
    const { clock, vault, credentials, pool, rotated } = await startedRole()
    const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' })
    pool.onProbe = () => Promise.reject(refused)
    const answer = credentials.reportError(refused, 1)
    await clock.advance(20_000)
    expect(await answer).toBe(false)
    expect(rotated).toEqual([])
    expect(credentials.status().health.reasons).toEqual(['login-refused', 'rotation-failing'])
    const before = vault.reads.length
    await clock.advance(300_000)
    expect(vault.reads.length - before).toBeLessThan(30)
    pool.onProbe = undefined
    vault.rotate(clock.nowMs())
    await clock.advance(31_000)
    expect(credentials.status()).toMatchObject({ health: { state: 'healthy' } })
    expect(credentials.current().password).toBe('password-2')
    await credentials.close()
  })

  it('replaces the connections too when told to', async () => {
    const { clock, credentials, pool } = await startedRole({ replaceConnections: true })
    await clock.advance(PERIOD + 10_000)
    expect(credentials.generation).toBe(2)
    expect(pool.keptOlder).toBe(false)
    await credentials.close()
  })

  it('serves on while Vault is away, says so, and catches up afterwards', async () => {
    const { clock, vault, credentials, rotated } = await startedRole()
    const told: string[] = []
    credentials.on('sourceCheckFailed', ({ attempt }) => told.push(`failed ${attempt}`))
    credentials.on('sourceChecked', () => told.push('checked'))
    vault.isAway = true
    await clock.advance(PERIOD + 60_000)
    expect(credentials.status().health).toEqual({ state: 'degraded', reasons: ['source-failing'] })
    expect(told[0]).toBe('failed 1')
    vault.isAway = false
    await clock.advance(31_000)
    expect(rotated).toHaveLength(1)
    expect(told.at(-1)).toBe('checked')
    expect(credentials.status().health.state).toBe('healthy')
    await credentials.close()
  })
})

describe('over HTTP', () => {
  const data = { username: 'app', password: 'the-password', ttl: 60, last_vault_rotation: '2026-01-01T00:00:00.1Z' }
  const auth = { method: 'token', token: 'a-token' } as const
  const token = { data: { ttl: 0, expire_time: null, renewable: false } }
  const serve = (answer: unknown) =>
    fakeVault((response, seen) => json(200, seen.path === 'auth/token/lookup-self' ? token : answer)(response, seen))

  it('reads static-creds below the mount, on its own or with others on one client', async () => {
    const server = await serve({ data })
    const options = { address: server.address, auth }
    const alone = await vaultStaticCredentials({ ...options, mount: 'team/db', role: 'app' })
    const vault = vaultClient(options)
    const shared = await vault.staticCredentials({ role: 'app' })
    const source = await LeasedCredentials.start(vault.staticRole({ role: 'app' }))
    for (const each of [alone, shared, source]) expect({ ...each.current() }).toMatchObject({ username: 'app' })
    expect(alone.current().password).toBe('the-password')
    expect(alone.status().source).toBe(`vault team/db/static-creds/app at ${server.address}`)
    expect(server.seen.map(({ path }) => path).filter((path) => path.includes('static-creds'))).toEqual([
      'team/db/static-creds/app',
      'database/static-creds/app',
      'database/static-creds/app',
    ])
    await Promise.all([alone.close(), source.close(), vault.close()])
    expect(() => shared.current()).toThrow('closed')
    await expect(vault.staticCredentials({ role: 'app' })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await server.close()
  })

  it.each(['username', 'password', 'ttl', 'last_vault_rotation'])('takes no answer without %s', async (name) => {
    const server = await serve({ data: { ...data, [name]: undefined } })
    const starting = vaultStaticCredentials({ address: server.address, auth, role: 'app', startTimeoutMs: 200 })
    const error: unknown = await starting.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_START_TIMEOUT', cause: { code: 'ERR_VAULT_ANSWER' } })
    expect(String(error)).toContain(`data.${name}`)
    expect(String(error)).not.toContain('the-password')
    await server.close()
  })

  it.each([
    [{ role: 'a/b' }, 'vaultStaticCredentials.role'],
    [{ role: 'app', mount: '../sys' }, 'vaultStaticCredentials.mount'],
    [{ role: 'app', replaceConnections: 'yes' }, 'vaultStaticCredentials.replaceConnections'],
    [{ role: 'app', maxTtlMs: 1 }, 'vaultStaticCredentials.maxTtlMs'],
  ])('%j names what is wrong', async (options, option) => {
    const starting = vaultStaticCredentials({ address: 'http://vault', auth, ...options } as never)
    await expect(starting).rejects.toMatchObject({ code: 'ERR_OPTION', option })
  })
})
