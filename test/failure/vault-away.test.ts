import { vaultCredentials, type StartTimeoutError } from '@leasepool/core'
import { startDevVault, type DevVault } from '@leasepool/dev-vault'
import { LeasedPool } from '@leasepool/pg-adapter'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { logEvents } from '../support/app'
import { startDatabase, type TestDatabase } from '../support/database'
import { poll } from '../support/poll'

let database: TestDatabase
let vault: DevVault
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => void (database = await startDatabase()))
afterAll(() => database.stop())
beforeEach(async () => {
  vault = await startDevVault({
    databases: { pg: { url: database.url } },
    roles: {
      app: {
        database: 'pg',
        creationStatements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`],
        revocationStatements: ['DROP ROLE IF EXISTS "{{name}}"'],
        defaultTtlSeconds: 8,
        maxTtlSeconds: 16,
      },
    },
    policies: { app: { 'database/creds/app': ['read'], 'sys/leases/revoke': ['update'] } },
    appRoles: { app: { policies: ['app'] } },
  })
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await vault.close()
})

function start(options: Partial<Parameters<typeof vaultCredentials>[0]> = {}): ReturnType<typeof vaultCredentials> {
  const auth = { method: 'approle', ...vault.appRole('app') } as const
  return vaultCredentials({ address: vault.address, auth, role: 'app', ...options }).then((credentials) => {
    closers.push(() => credentials.close())
    return credentials
  })
}

for (const [how, set] of [
  ['cut off', (on: boolean) => vault.outage(on)],
  ['sealed', (on: boolean) => vault.seal(on)],
] as const) {
  test(`Vault is ${how} when a rotation is due: the current credential serves on, events tell, and it heals`, async () => {
    // Due after 4 s at most, while the lease lives for 8 s: Vault drops the user then, cut off or not.
    const credentials = await start({ maxTtlMs: 16_000, rotateFraction: 0.25 })
    const log = logEvents(credentials)
    const pool = new LeasedPool({ host: database.host, port: database.port, database: 'app', max: 2 }, credentials)
    closers.unshift(() => pool.end())
    const user = credentials.current().username
    set(true)
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
    const scheduled = (): ReturnType<typeof log.of<'rotationFailed'>> =>
      log.of('rotationFailed').filter(({ retryInMs }) => retryInMs !== undefined)
    await poll(
      'a scheduled rotation failed as well',
      () => scheduled().length,
      (count) => count > 0,
    )
    expect(credentials.current().username).toBe(user)
    expect((await pool.query('SELECT count(*)::int AS n FROM item')).rows).toHaveLength(1)
    const failed = { generation: 1, attempt: 1, reason: 'max-ttl', cause: { code: 'ERR_VAULT_UNAVAILABLE' } }
    expect(scheduled()[0]).toMatchObject(failed)
    expect(scheduled()[0]!.retryInMs).toBeGreaterThanOrEqual(100)
    set(false)
    await poll(
      'it has rotated',
      () => log.of('rotated').length,
      (count) => count > 0,
    )
    expect((await pool.query('SELECT session_user')).rows).toEqual([{ session_user: credentials.current().username }])
    expect(credentials.current().username).not.toBe(user)
    expect(credentials.status().failedRotations).toBe(0)
  })
}

test('renewals that fail are tried again in time, and not in a hot loop', async () => {
  const credentials = await start()
  const log = logEvents(credentials)
  vault.outage(true)
  await poll(
    'a renewal failed',
    () => log.of('renewFailed').length,
    (count) => count > 0,
  )
  await sleep(300)
  expect(log.of('renewFailed').length).toBeLessThan(5)
  vault.outage(false)
  await poll(
    'it was renewed',
    () => log.of('renewed').length,
    (count) => count > 0,
  )
  expect(log.of('rotated')).toEqual([])
})

test('Vault is not there at the start: it is waited for', async () => {
  vault.outage(true)
  const started = start({ startTimeoutMs: 10_000 })
  await sleep(300)
  vault.outage(false)
  expect((await started).current().generation).toBe(1)
})

test('Vault is not there for the whole of startTimeoutMs: a typed error with address, attempts and last cause', async () => {
  vault.outage(true)
  const startMs = performance.now()
  const error = (await start({ startTimeoutMs: 1_500 }).catch((cause: unknown) => cause)) as StartTimeoutError
  expect(performance.now() - startMs).toBeLessThan(2_500)
  expect(error).toMatchObject({ code: 'ERR_START_TIMEOUT', name: 'StartTimeoutError' })
  expect(error.attempts).toBeGreaterThan(1)
  expect(error.message).toContain(vault.address)
  expect(error.message).toContain(`${error.attempts} attempts`)
  expect(error.cause).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE', address: vault.address })
  vault.outage(false)
})

test('Vault is away when the app closes: close() comes back within its limits, and the users end with their leases', async () => {
  const credentials = await start({ closeTimeoutMs: 300, requestTimeoutMs: 500 })
  vault.outage(true)
  const startMs = performance.now()
  await credentials.close()
  expect(performance.now() - startMs).toBeLessThan(10_000) // tries to give the lease back as long as that lives, 8 s
  vault.outage(false)
  await poll(
    'the user has ended with its lease',
    () => database.users(),
    (users) => users.length === 0,
    20_000,
  )
})

test('the database refuses while a rotation probes: not promoted, the candidate is given back, and it heals', async () => {
  const credentials = await start({ probeTimeoutMs: 2_000 })
  const pool = new LeasedPool({ host: database.host, port: database.port, database: 'app', max: 2 }, credentials)
  closers.unshift(() => pool.end())
  await pool.query('SELECT 1')
  await database.limitConnections(0)
  await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', cause: { code: '53300' } })
  expect(credentials.current().generation).toBe(1)
  await poll(
    'only one user is left',
    () => database.users(),
    (users) => users.length === 1,
  )
  await database.limitConnections(-1)
  await credentials.rotate()
  expect((await pool.query('SELECT session_user')).rows).toEqual([{ session_user: credentials.current().username }])
})
