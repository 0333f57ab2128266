import { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'

const ROWS = 'SELECT n FROM generate_series(1, 1000) n'

let server: ContractServer
beforeAll(async () => void (server = await startServer('postgres')))
afterAll(() => server.stop())

let credentials: LeasedCredentials
let pool: LeasedPool
beforeEach(async () => {
  credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  pool = new LeasedPool({ host, port, database, max: 1 }, credentials)
  pool.on('error', () => undefined)
})
afterEach(async () => {
  await pool.end()
  await credentials.close()
})

const endSession = (): Promise<void> => server.endSessions(credentials.current().username)
const pause = (seconds: number): string => `SELECT n, pg_sleep(${seconds}) FROM generate_series(1, 1000) n`

test.for([
  ['who has paused', ROWS],
  ['who waits for rows', pause(0.05)],
])('a reader of a stream, %s, is told when its connection is lost', async ([, sql]) => {
  const client = await pool.connect()
  const reader = client.query(new QueryStream(sql!, [], { batchSize: 1, highWaterMark: 1 }))[Symbol.asyncIterator]()
  await reader.next()
  await endSession()
  await expect(
    (async () => {
      while ((await reader.next()).done !== true);
    })(),
  ).rejects.toThrow(/terminat|ECONNRESET/)
  client.release(true)
})

test('a cursor can be closed before and after its connection is lost', async () => {
  const client = await pool.connect()
  const cursor = client.query(new Cursor(ROWS))
  expect(await cursor.read(1)).toHaveLength(1)
  await endSession()
  await expect(cursor.read(1)).rejects.toThrow(/terminat|ECONNRESET/)
  await cursor.close()
  client.release(true)

  const other = await pool.connect()
  const closed = other.query(new Cursor(ROWS))
  await closed.read(1)
  const closing = closed.close()
  await endSession()
  await closing
  other.release(true)
})
