import { Socket } from 'node:net'
import { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { Client, Pool, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'

/** Every option that pg's types name; what takes more than a look is in `options.test.ts` and `leased-pool.test.ts`. */
let server: ContractServer
beforeAll(async () => void (server = await startServer('postgres')))
afterAll(() => server.stop())

const opened: { pool: LeasedPool; credentials: LeasedCredentials }[] = []
afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    await pool.end()
    await credentials.close()
  }
})

async function open(options: PoolConfig) {
  const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  const pool = new LeasedPool({ host, port, database, max: 1, ...options }, credentials)
  opened.push({ pool, credentials })
  return { pool, credentials }
}

/** What says where the database is and who logs in: tried by itself. `stream` too: each connection needs one of its own. */
type Apart = 'host' | 'port' | 'database' | 'user' | 'password' | 'connectionString' | 'stream' | 'Client'

/** The compiler says when one is missing. */
const EVERY = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
  statement_timeout: 4_000,
  query_timeout: 5_000,
  lock_timeout: 3_000,
  idle_in_transaction_session_timeout: 60_000,
  ssl: false,
  sslnegotiation: 'postgres',
  enableChannelBinding: true,
  application_name: 'orders',
  fallback_application_name: 'shop',
  connectionTimeoutMillis: 20_000,
  types: { getTypeParser: () => (text: string | Buffer) => text } as never,
  options: '-c work_mem=5MB',
  client_encoding: 'UTF8',
  pipeline: false,
  max: 2,
  min: 1,
  idleTimeoutMillis: 6_000,
  log: () => undefined,
  Promise: globalThis.Promise,
  allowExitOnIdle: true,
  maxUses: 50,
  maxLifetimeSeconds: 600,
  onConnect: () => undefined,
  verify: (_, done) => done(),
} as const satisfies Record<Exclude<keyof PoolConfig, Apart>, unknown> & PoolConfig

test('every option reaches every client as it does in a stock pool, whoever logs in', async () => {
  const seen: object[] = []
  class SeenClient extends (Client as unknown as new (config?: object) => Client) {
    constructor(config?: object) {
      super(config)
      seen.push({ ...config, user: undefined, password: undefined, Client: undefined })
    }
  }
  const { host, port, database } = server
  const where = { host, port, database, Client: SeenClient as never }
  const stock = new Pool({ ...EVERY, ...where, user: 'nobody', password: '' })
  await stock.connect().catch(() => undefined)
  await stock.end()
  const { pool, credentials } = await open({ ...EVERY, ...where })
  await pool.query('SELECT 1')
  await credentials.rotate() // a probe is one, too
  await pool.query('SELECT 1')
  expect(seen).toHaveLength(4)
  for (const config of seen) expect(config).toEqual(seen[0])
})

test('what goes at login is there with every user', async () => {
  const { pool, credentials } = await open({ ...EVERY, application_name: undefined })
  const names = ['lock_timeout', 'idle_in_transaction_session_timeout', 'client_encoding', 'application_name', 'work_mem']
  for (let turn = 0; turn < 2; turn++) {
    const shown: unknown[] = []
    for (const name of names) shown.push((await pool.query<Record<string, string>>(`SHOW ${name}`)).rows[0]![name])
    expect(shown).toEqual(['3s', '1min', 'UTF8', 'shop', '5MB'])
    await credentials.rotate()
  }
})

test('stream makes the socket of each connection, on which keepAlive and keepAliveInitialDelayMillis are set', async () => {
  const calls: unknown[] = []
  class SeenSocket extends Socket {
    override setKeepAlive(...given: [boolean?, number?]): this {
      calls.push(given)
      return super.setKeepAlive(...given)
    }
  }
  const { pool, credentials } = await open({
    stream: () => new SeenSocket(),
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  })
  await pool.query('SELECT 1')
  await credentials.rotate()
  await pool.query('SELECT 1')
  expect(calls).toEqual([
    [true, 5_000],
    [true, 5_000],
    [true, 5_000],
  ])
})

test('query_timeout fails what takes longer, and its connection is not lent to others with the answer still to come', async () => {
  const { pool } = await open({ query_timeout: 200 })
  await expect(pool.query('SELECT pg_sleep(0.6)')).rejects.toThrow('Query read timeout')
  const { rows } = await pool.query('SELECT 1 AS one').catch(() => pool.query('SELECT 1 AS one'))
  expect(rows).toEqual([{ one: 1 }])
})

test('types parses what comes back', async () => {
  const types = { getTypeParser: () => (text: string | Buffer) => `read ${String(text)}` } as never
  const { pool } = await open({ types })
  expect((await pool.query('SELECT 7 AS n')).rows).toEqual([{ n: 'read 7' }])
})

test('pipeline sends what a borrower asks without waiting, in order and across a rotation', async () => {
  const { pool, credentials } = await open({ pipeline: true, max: 2 })
  const client = await pool.connect()
  const asked = [1, 2, 3, 4, 5].map((n) => client.query<{ n: number }>(`SELECT ${n} AS n`))
  await credentials.rotate()
  expect((await Promise.all(asked)).map(({ rows }) => rows[0]!.n)).toEqual([1, 2, 3, 4, 5])
  client.release()
  expect((await pool.query<{ who: string }>(server.who)).rows).toEqual([{ who: credentials.current().username }])
})

test('Promise is what everything that is waited for is made of', async () => {
  class OwnPromise<T> extends Promise<T> {}
  const { pool } = await open({ Promise: OwnPromise as never })
  const connected = pool.connect()
  expect(connected).toBeInstanceOf(OwnPromise)
  ;(await connected).release()
  expect(pool.query('SELECT 1')).toBeInstanceOf(OwnPromise)
})
