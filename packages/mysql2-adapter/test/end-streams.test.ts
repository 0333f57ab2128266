import { once } from 'node:events'
import { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import type { PoolConnection } from 'mysql2'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'

const LARGE = `SELECT id, REPEAT('x', 10000) AS text FROM item LIMIT 1000`

let server: ContractServer
beforeAll(async () => void (server = await startServer('mariadb')))
afterAll(() => server.stop())

let credentials: LeasedCredentials
let pool: ReturnType<typeof leasedPool>
beforeEach(async () => {
  credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  pool = leasedPool({ host, port, database, connectionLimit: 1 }, credentials)
})
afterEach(async () => {
  pool.end()
  await credentials.close()
})

const borrow = (): Promise<PoolConnection> =>
  new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)))
  })
const endSession = (): Promise<void> => server.endSessions(credentials.current().username)

test('who reads from a stream is told when its connection is lost, and so is who reads from one that waits behind it', async () => {
  const connection = await borrow()
  const first = connection.query(LARGE).stream()
  const second = connection.query(LARGE).stream()
  const failed = once(second, 'error')
  const reader = first[Symbol.asyncIterator]()
  await reader.next()
  await endSession()
  await expect(
    (async () => {
      while ((await reader.next()).done !== true);
    })(),
  ).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' })
  expect(await failed).toMatchObject([{ code: 'PROTOCOL_CONNECTION_LOST' }])
  connection.release()
})

test('a command that nobody listens to ends no process when its connection is lost', async () => {
  const connection = await borrow()
  const lost = once(connection, 'error')
  connection.query(server.sleep(30_000))
  await endSession()
  expect(await lost).toMatchObject([{ code: 'PROTOCOL_CONNECTION_LOST' }])
  connection.release()
})

test('a command that fails, or whose reader has gone, hears no more', async () => {
  const connection = await borrow()
  const errors: unknown[] = []
  const bad = connection.query('SELECT no_such_column FROM item')
  bad.on('error', (error) => errors.push((error as unknown as { code: string }).code))
  for await (const _ of connection.query(LARGE).stream()) break
  await new Promise((resolve) => connection.query('SELECT 1', resolve)) // both have ended
  const lost = once(connection, 'error')
  await endSession()
  await lost
  expect(errors).toEqual(['ER_BAD_FIELD_ERROR'])
  connection.release()
})
