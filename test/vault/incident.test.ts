import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'

/** An operator revokes everything: what an app under load meets, the same for dev-vault and for real Vault. */
let bed: TestBed
beforeAll(async () => void (bed = await startTestBed({ defaultTtl: '10m', maxTtl: '1h' })))
afterAll(() => bed.stop())
afterEach(async () => {
  await bed.closeCredentials()
  await poll(
    'no leased user is left',
    () => bed.database.users(),
    (users) => users.length === 0,
  )
})

const MAX = 4

/** What the 16 callers of `query` met, from well before `incident` until well after there was another credential. */
async function underLoad(credentials: LeasedCredentials, query: () => Promise<unknown>, incident: () => Promise<unknown>) {
  const before = credentials.generation
  const failures: { code?: unknown }[] = []
  let answered = 0
  let isOver = false
  const caller = async (): Promise<void> => {
    while (!isOver) {
      await query().then(
        () => (answered += 1),
        (error: { code?: unknown }) => failures.push(error),
      )
    }
  }
  const callers = Array.from({ length: 16 }, caller)
  const answers = async (more: number): Promise<void> => {
    const enough = answered + more
    await poll(
      `${more} more answers`,
      () => answered,
      (now) => now >= enough,
    )
  }
  await answers(200)
  await incident()
  await poll(
    'a new credential',
    () => credentials.generation,
    (now) => now > before,
  )
  await answers(200)
  isOver = true
  await Promise.all(callers)
  return failures
}

for (const [name, open] of [
  [
    'LeasedPool',
    (credentials: LeasedCredentials, where: { host: string; port: number; database: string }) => {
      const pool = new LeasedPool({ ...where, max: MAX }, credentials)
      return { query: () => pool.query('SELECT count(*) FROM item'), end: () => pool.end() }
    },
  ],
  [
    'leasedKnex',
    (credentials: LeasedCredentials, connection: { host: string; port: number; database: string }) => {
      const db = knex(leasedKnex({ client: 'pg', connection, pool: { min: 0, max: MAX } }, credentials))
      return { query: async () => db('item').count(), end: () => db.destroy() }
    },
  ],
] as const) {
  test(`revoke-prefix under ${name}: only the queries that met it fail, one new credential for everybody, healthy again`, async () => {
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const { host, port } = bed.database
    const { query, end } = open(credentials, { host, port, database: 'app' })
    const failures = await underLoad(credentials, query, () => bed.api('POST', 'sys/leases/revoke-prefix/app-db/creds/app', {}))
    expect(failures.length).toBeLessThanOrEqual(MAX) // each connection may have been in the middle of a query
    for (const failure of failures) expect(failure).toMatchObject({ code: '42501' }) // what PostgreSQL says to a dropped role
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'login-refused' }])
    expect(log.of('issued')).toHaveLength(1)
    expect(log.of('loginRefused')).toMatchObject([{ generation: 1 }])
    expect(log.of('healthChanged').map(({ to }) => to)).toEqual(['down', 'healthy'])
    expect(credentials.status().health).toEqual({ state: 'healthy', reasons: [] })
    await end()
  })
}

test('an idle app finds out at its next query, which is answered', async () => {
  const credentials = await bed.credentials()
  const { host, port } = bed.database
  const pool = new LeasedPool({ host, port, database: 'app', max: 2 }, credentials, { pingBypassMs: 0 })
  await pool.query('SELECT 1')
  await bed.api('POST', 'sys/leases/revoke-prefix/app-db/creds/app', {})
  const { rows } = await pool.query<{ session_user: string }>('SELECT session_user')
  expect(rows).toEqual([{ session_user: credentials.current().username }])
  expect(credentials.generation).toBe(2)
  await pool.end()
})
