import { LeasepoolError, vaultCredentials, VaultRefusedError, type LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logEvents, startTestBed, type EventLog, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { setUpRole } from '../support/vault-api'
import { knexWork, poolWork } from '../support/work'

/**
 * The whole way of an app, the same for dev-vault (`npm test`) and for real Vault (`npm run test:vault`): login, credentials,
 * renewals, truncation, rotations under load, revocation.
 */
let bed: TestBed
const TTLS = { defaultTtl: '2s', maxTtl: '6s' }
beforeAll(async () => void (bed = await startTestBed(TTLS)))
afterAll(() => bed.stop())
afterEach(async () => {
  await bed.closeCredentials()
  await setUpRole(bed.api, TTLS)
  expect(
    await poll(
      'no leased user is left',
      () => bed.database.users(),
      (users) => users.length === 0,
      20_000,
    ),
  ).toEqual([])
})

/** Both adapters on the same credentials, 16 callers each, until `until` resolves. */
async function underLoad(
  credentials: LeasedCredentials,
  until: () => Promise<unknown>,
): Promise<{ done: number; failures: string[]; peak: number }> {
  const { host, port, limitConnections, sessions } = bed.database
  await limitConnections(6)
  const pool = new LeasedPool({ host, port, database: 'app', max: 3 }, credentials, { name: 'pg' })
  const db = knex(
    leasedKnex({ client: 'pg', connection: { host, port, database: 'app' }, pool: { min: 0, max: 3 } }, credentials, {
      name: 'knex',
    }),
  )
  const seen = { done: 0, failures: [] as string[], peak: 0 }
  let over = false
  const caller = async (work: ReturnType<typeof poolWork>, number: number): Promise<void> => {
    for (let turn = number; !over; turn++) {
      try {
        await work[turn % work.length]!()
        seen.done += 1
      } catch (error) {
        seen.failures.push(String(error))
        await sleep(10)
      }
    }
  }
  const watch = async (): Promise<void> => {
    while (!over) {
      const count = (await sessions()).reduce((sum, session) => sum + session.count, 0)
      seen.peak = Math.max(seen.peak, count)
      await sleep(10)
    }
  }
  const callers = [poolWork(pool), knexWork(db)].flatMap((work) =>
    Array.from({ length: 16 }, (_, number) => caller(work, number)),
  )
  const watching = watch()
  try {
    await until()
  } finally {
    over = true
    await Promise.all([...callers, watching])
    await Promise.all([pool.end(), db.destroy()])
  }
  return seen
}

const rotations = (log: EventLog, count: number) => () =>
  poll(
    `${count} rotations`,
    () => log.of('rotated').length,
    (seen) => seen >= count,
    45_000,
  )

describe(process.env['LEASEPOOL_TEST_VAULT'] === 'real' ? 'real Vault' : 'dev-vault', () => {
  test('an app lives through renewals, a truncation it learns from, and rotations, without a failed query', async () => {
    // The renewal that is cut short comes at about 5.2 s and leaves 1.8 s: enough for this app's transactions.
    await setUpRole(bed.api, { defaultTtl: '4s', maxTtl: '7s' })
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const first = credentials.current().username
    const { failures, done, peak } = await underLoad(credentials, rotations(log, 3))
    expect(failures).toEqual([])
    expect(done).toBeGreaterThan(100)
    expect(peak).toBeLessThanOrEqual(6)
    expect(log.of('renewed').some(({ generation, truncated }) => generation === 1 && truncated)).toBe(true)
    expect(log.of('rotated').map(({ reason }) => reason)).toEqual(log.of('rotated').map(() => 'max-ttl'))
    // Learned: 7 s, give or take the second that Vault's arithmetic in whole seconds adds or takes. From then on it rotates at half
    // of it, before any other truncation.
    expect(credentials.status().maxTtlMs).toBeGreaterThan(5_900)
    expect(credentials.status().maxTtlMs).toBeLessThan(8_100)
    expect(log.of('renewed').filter(({ generation, truncated }) => generation > 1 && truncated)).toEqual([])
    await poll(
      'the first user is gone',
      () => bed.database.users(),
      (users) => !users.includes(first),
    )
    expect(log.of('renewFailed')).toEqual([])
    expect(log.of('revokeFailed')).toEqual([])
    await credentials.close()
    expect(await bed.database.users()).toEqual([])
    const generations = log.of('rotated').map(({ from }) => from)
    const revoked = log.of('revoked').map(({ generation }) => generation)
    expect(revoked.toSorted((a, b) => a - b)).toEqual([...generations, generations.length + 1])
  })

  test('with max_ttl given it rotates at half of it, and the old lease is renewed while a transaction drains', async () => {
    const credentials = await bed.credentials({ maxTtlMs: 6_000 })
    const log = logEvents(credentials)
    const pool = new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app', max: 2 }, credentials)
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT count(*) FROM item')
    await rotations(log, 1)()
    const rotatedAtMs = performance.now()
    await poll(
      'the old lease is renewed after the rotation',
      () => renewalsAfter(log, 'rotated', 1),
      (count) => count > 0,
    )
    // Longer than the old lease had left without renewals, shorter than max_ttl allows.
    await sleep(Math.max(0, 2_200 - (performance.now() - rotatedAtMs)))
    await client.query(`INSERT INTO item (label) VALUES ('late')`)
    await client.query('COMMIT')
    client.release()
    await poll(
      'the old lease is revoked',
      () => log.of('revoked').length,
      (count) => count > 0,
    )
    expect(log.of('connectionForced')).toEqual([])
    await pool.end()
    await credentials.close()
  })

  test('what no rotation can save, a transaction longer than the old lease, is cut before the lease ends, with an event', async () => {
    const credentials = await bed.credentials({ maxTtlMs: 6_000 })
    const log = logEvents(credentials)
    const pool = new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app', max: 2 }, credentials)
    const client = await pool.connect()
    const running = client.query('SELECT pg_sleep(30)').catch((error: { code: string }) => error.code)
    expect(await running).toBe('57014')
    client.release()
    // The next one may be drained first: nobody waits for it.
    const ofTheFirst = <T extends { generation: number }>(events: T[]): T[] => events.filter(({ generation }) => generation === 1)
    await poll(
      'it is drained',
      () => ofTheFirst(log.of('drained')),
      (drained) => drained.length > 0,
    )
    expect(log.of('connectionForced')).toMatchObject([{ pool: 'app', generation: 1 }])
    expect(ofTheFirst(log.of('drained'))).toMatchObject([{ reason: 'deadline' }])
    await poll(
      'the old lease is revoked by us, not ended by Vault',
      () => ofTheFirst(log.of('revoked')),
      (revoked) => revoked.length > 0,
    )
    await pool.end()
    await credentials.close()
  })

  test('the token is renewed, and replaced together with the credential before its own end, without a failed query', async () => {
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '3s', token_max_ttl: '6s' })
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const ended = rotations(log, 3)
    const { failures } = await underLoad(credentials, ended)
    expect(failures).toEqual([])
    expect(log.of('tokenRenewed').length).toBeGreaterThan(0)
    expect(log.of('tokenSpent')[0]).toMatchObject({ canLogIn: true })
    expect(log.of('loggedIn').length).toBeGreaterThan(0)
    expect(log.of('rotated').some(({ reason }) => reason === 'token-ending')).toBe(true)
    await credentials.close()
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '1h', token_max_ttl: '4h' })
  })

  test('close() gives back the lease and then the token', async () => {
    const before = await tokens()
    const credentials = await bed.credentials()
    expect(await tokens()).toBe(before + 1)
    await credentials.close()
    expect(await bed.database.users()).toEqual([])
    expect(await tokens()).toBe(before)
    expect(() => credentials.current()).toThrow(LeasepoolError)
  })

  test('an operator who revokes the lease is noticed at the next renewal, and the app goes on with a new user', async () => {
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const old = credentials.current().username
    await bed.api('POST', 'sys/leases/revoke-prefix/app-db/creds/app')
    await rotations(log, 1)()
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'lease-lost' }])
    expect(credentials.current().username).not.toBe(old)
    const pool = new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app' }, credentials)
    expect((await pool.query('SELECT count(*)::int AS n FROM item')).rows[0]).toBeTruthy()
    await pool.end()
    await credentials.close()
  })

  test('what Vault refuses is told at once, with a typed error and Vault’s own reason', async () => {
    const startMs = performance.now()
    const common = { address: bed.vault.address, mount: 'app-db', role: 'app' }
    const { roleId } = bed.login
    const wrong = { method: 'approle', mount: 'apps', roleId, secretId: '00000000-1111-2222-3333-444444444444' } as const
    await expect(vaultCredentials({ ...common, auth: wrong })).rejects.toMatchObject({
      code: 'ERR_VAULT_REFUSED',
      status: 400,
      path: 'auth/apps/login',
    })
    await expect(bed.credentials({ role: 'absent' })).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 403 })
    const root = { method: 'token', token: bed.vault.rootToken } as const
    const unknown = vaultCredentials({ ...common, auth: root, role: 'absent' })
    await expect(unknown).rejects.toBeInstanceOf(VaultRefusedError)
    await expect(unknown).rejects.toMatchObject({ status: 400, reasons: ['unknown role: absent'] })
    await expect(vaultCredentials({ ...common, auth: { method: 'token', token: 'hvs.nobody' } })).rejects.toMatchObject({
      status: 403,
    })
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })

  test('a policy without sys/leases/revoke is told once; the lease ends with the token at close()', async () => {
    await bed.api('POST', 'sys/policies/acl/read-only', { policy: 'path "app-db/creds/app" { capabilities = ["read"] }' })
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['read-only'], token_ttl: '1h', token_max_ttl: '4h' })
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    await credentials.rotate()
    await poll(
      'the refusal is told',
      () => log.of('revokeFailed').length,
      (count) => count === 1,
    )
    expect(log.of('revokeFailed')).toMatchObject([{ generation: 1, cause: { status: 403 } }])
    await credentials.close()
    await poll(
      'the users are gone with the token',
      () => bed.database.users(),
      (users) => users.length === 0,
    )
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '1h', token_max_ttl: '4h' })
  })

  test('a token of somebody else is used, and not revoked at the end', async () => {
    const { auth } = (await bed.api('POST', 'auth/token/create', { policies: ['app'], ttl: '1h' })) as {
      auth: { client_token: string }
    }
    const credentials = await bed.credentials({ auth: { method: 'token', token: auth.client_token } })
    await credentials.rotate()
    await credentials.close()
    expect(await bed.database.users()).toEqual([])
    expect(await bed.api('POST', 'auth/token/lookup', { token: auth.client_token })).toMatchObject({
      data: { policies: ['app', 'default'] },
    })
  })
})

/** How many login tokens of the AppRole are alive: Vault keeps a lease for each. */
async function tokens(): Promise<number> {
  const listed = (await bed.api('LIST', 'sys/leases/lookup/auth/apps/login/').catch(() => ({}))) as { data?: { keys: string[] } }
  return listed.data?.keys.length ?? 0
}

function renewalsAfter(log: EventLog, name: 'rotated', generation: number): number {
  const at = log.all.findIndex((entry) => entry.name === name)
  return log.all.slice(at).filter((entry) => entry.name === 'renewed' && entry.event['generation'] === generation).length
}
