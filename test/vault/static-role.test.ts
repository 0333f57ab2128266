import { vaultStaticCredentials, type LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { poolWork } from '../support/work'

/** A static role on PostgreSQL, the same for dev-vault (`npm test`) and for real Vault (`npm run test:vault`). */
let bed: TestBed
const started: LeasedCredentials[] = []
beforeAll(async () => {
  bed = await startTestBed()
  await bed.database.sql(`CREATE ROLE shop LOGIN IN ROLE app_rw`)
  const policy = 'path "app-db/static-creds/shop" { capabilities = ["read"] }'
  await bed.api('POST', 'sys/policies/acl/app', { policy })
})
afterAll(() => bed.stop())
afterEach(async () => void (await Promise.all(started.splice(0).map((credentials) => credentials.close()))))

const periodIs = (seconds: number): Promise<unknown> =>
  bed.api('POST', 'app-db/static-roles/shop', { db_name: 'pg', username: 'shop', rotation_period: seconds })

async function startCredentials(options: { replaceConnections?: boolean } = {}): Promise<LeasedCredentials> {
  const auth = { method: 'approle', mount: 'apps', ...bed.login } as const
  const { address } = bed.vault
  const credentials = await vaultStaticCredentials({ address, auth, mount: 'app-db', role: 'shop', ...options })
  started.push(credentials)
  return credentials
}

const poolOf = (credentials: LeasedCredentials, max = 3): LeasedPool =>
  new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app', max }, credentials)

async function canLogIn(password: string): Promise<boolean> {
  const { host, port } = bed.database
  const client = new Client({ host, port, database: 'app', user: 'shop', password })
  try {
    await client.connect()
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: '28P01' })
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

const pidOf = async (pool: LeasedPool): Promise<number> =>
  (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid

describe(process.env['LEASEPOOL_TEST_VAULT'] === 'real' ? 'real Vault' : 'dev-vault', () => {
  test('an app lives through changes of the password without a failed query, on the connections that it has', async () => {
    await periodIs(5)
    const credentials = await startCredentials()
    const log = logEvents(credentials)
    const pool = poolOf(credentials)
    const passwords = new Set([credentials.current().password])
    credentials.on('rotated', () => passwords.add(credentials.current().password))
    const kept = await pool.connect()
    const pid = (await kept.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid
    const failures: string[] = []
    let done = 0
    let over = false
    const caller = async (number: number): Promise<void> => {
      const work = poolWork(pool)
      for (let turn = number; !over; turn++) {
        await work[turn % work.length]!().then(
          () => (done += 1),
          (error: unknown) => failures.push(String(error)),
        )
      }
    }
    const callers = [0, 1, 2].map(caller)
    await poll(
      'three changes',
      () => log.of('rotated').length,
      (count) => count >= 3,
      45_000,
    )
    over = true
    await Promise.all(callers)
    expect(failures).toEqual([])
    expect(done).toBeGreaterThan(100)
    expect(log.of('rotated').every(({ reason, username }) => reason === 'source-changed' && username === 'shop')).toBe(true)
    expect(passwords.size).toBe(log.of('rotated').length + 1)
    // Read again within seconds of the change: the one of now logs in, the others do not.
    const [first] = passwords
    expect(await canLogIn(first!)).toBe(false)
    expect((await kept.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid).toBe(pid)
    kept.release()
    expect(log.of('drained')).toEqual([])
    expect(log.of('sourceCheckFailed')).toEqual([])
    await pool.end()
  })

  test('a password that is rotated by hand is noticed when a login is refused, and the query goes on', async () => {
    await periodIs(3600)
    const credentials = await startCredentials()
    const log = logEvents(credentials)
    const pool = poolOf(credentials, 2)
    const pid = await pidOf(pool)
    const old = credentials.current().password
    expect(await canLogIn(old)).toBe(true)
    await bed.api('POST', 'app-db/rotate-role/shop')
    expect(await canLogIn(old)).toBe(false)
    expect(await pidOf(pool)).toBe(pid) // open connections stay right
    const clients = await Promise.all([pool.connect(), pool.connect()])
    for (const client of clients) client.release()
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'login-refused' }])
    expect(await canLogIn(credentials.current().password)).toBe(true)
    expect(credentials.status().health).toEqual({ state: 'healthy', reasons: [] })
    await pool.end()
  })

  test('replaces open connections when told to', async () => {
    await periodIs(3600)
    const credentials = await startCredentials({ replaceConnections: true })
    const pool = poolOf(credentials, 1)
    const pid = await pidOf(pool)
    await bed.api('POST', 'app-db/rotate-role/shop')
    await credentials.rotate()
    expect(await pidOf(pool)).not.toBe(pid)
    await pool.end()
  })

  test('an unknown role is told at once', async () => {
    await expect(
      vaultStaticCredentials({
        address: bed.vault.address,
        auth: { method: 'token', token: bed.vault.rootToken },
        mount: 'app-db',
        role: 'absent',
      }),
    ).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 400, reasons: ['unknown role: absent'] })
  })
})
