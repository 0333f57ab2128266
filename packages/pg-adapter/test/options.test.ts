import { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { Client, type PoolClient, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { poll } from '../../../test/support/poll'

/** Options of pg.Pool keep their meaning; those that have a time of their own are in `leased-pool.test.ts`. */
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

async function open(options: PoolConfig & { verify?: (client: PoolClient, done: (error?: Error) => void) => void } = {}) {
  const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  const pool = new LeasedPool({ host, port, database, max: 2, ...options }, credentials)
  opened.push({ pool, credentials })
  return { pool, credentials }
}

test('min keeps so many idle connections, and a rotation replaces them when they are needed', async () => {
  const { pool, credentials } = await open({ min: 1, idleTimeoutMillis: 20 })
  await Promise.all([1, 2].map(() => pool.query('SELECT pg_sleep(0.02)')))
  await poll('one is left', () => pool.totalCount, (total) => total === 1) // prettier-ignore
  await credentials.rotate()
  expect((await pool.query<{ who: string }>(server.who)).rows).toEqual([{ who: credentials.current().username }])
  await pool.query('SELECT 1')
  expect(pool.totalCount).toBe(1)
})

test('verify is asked for each new connection, whoever it logs in as', async () => {
  let verified = 0
  const { pool, credentials } = await open({
    verify: (_, done) => done((verified += 1) === 2 ? new Error('not this one') : undefined),
  })
  await pool.query('SELECT 1')
  await credentials.rotate()
  await expect(pool.query('SELECT 1')).rejects.toThrow('not this one')
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect(verified).toBe(3)
})

test('Client is the class of the app’s own, and allowExitOnIdle lets idle ones keep no process alive', async () => {
  const calls: string[] = []
  class OwnClient extends (Client as unknown as new () => Client & { ref(): void; unref(): void }) {
    override ref(): void {
      calls.push('ref')
      super.ref()
    }
    override unref(): void {
      calls.push('unref')
      super.unref()
    }
  }
  const { pool } = await open({ Client: OwnClient as never, allowExitOnIdle: true, max: 1 })
  const client = await pool.connect()
  expect(client).toBeInstanceOf(OwnClient)
  client.release()
  const again = await pool.connect()
  again.release()
  expect(calls).toEqual(['unref', 'ref', 'unref'])
})

test('log is told what the pool does', async () => {
  const said: unknown[] = []
  const { pool } = await open({ log: (...messages: unknown[]) => void said.push(messages[0]) })
  await pool.query('SELECT 1')
  expect(said).toContain('checking client timeout')
})

test('statement_timeout, application_name and options go with every login', async () => {
  const { pool, credentials } = await open({
    statement_timeout: 1_234,
    application_name: 'orders',
    options: '-c search_path=app',
  })
  for (let turn = 0; turn < 2; turn++) {
    const shown = ['statement_timeout', 'application_name', 'search_path'].map(
      async (name) => (await pool.query<Record<string, string>>(`SHOW ${name}`)).rows[0]![name],
    )
    expect(await Promise.all(shown)).toEqual(['1234ms', 'orders', 'app'])
    await credentials.rotate()
  }
})
