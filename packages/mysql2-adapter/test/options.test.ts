import { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { createPool, type Pool, type PoolOptions } from 'mysql2'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { startProxy } from '../../../test/support/proxy'

/** Every option of mysql2's pools keeps its meaning; those that only say how rows look are mysql2's alone, and a few stand for them. */
let server: ContractServer
beforeAll(async () => void (server = await startServer('mariadb')))
afterAll(() => server.stop())

const opened: { pool: Pool; credentials: LeasedCredentials }[] = []
afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    pool.end()
    await credentials.close()
  }
})

async function open(options: PoolOptions = {}) {
  const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  const pool = leasedPool(createPool({ host, port, database, connectionLimit: 1, ...options }), credentials)
  opened.push({ pool, credentials })
  return { pool, credentials, promised: pool.promise() }
}

test('waitForConnections: false refuses at once who would have to wait', async () => {
  const { promised, credentials } = await open({ waitForConnections: false })
  const borrowed = await promised.getConnection()
  await expect(promised.query('SELECT 1')).rejects.toThrow('No connections available.')
  await credentials.rotate()
  await expect(promised.query('SELECT 1')).rejects.toThrow('No connections available.')
  borrowed.release()
})

test('queueLimit refuses who comes after so many', async () => {
  const { promised } = await open({ queueLimit: 1 })
  const borrowed = await promised.getConnection()
  const waiting = promised.query('SELECT 1 AS one')
  await expect(promised.query('SELECT 1')).rejects.toThrow('Queue limit reached.')
  borrowed.release()
  expect((await waiting)[0]).toEqual([{ one: 1 }])
})

test('connectTimeout bounds a login that gets no answer', async () => {
  const proxy = await startProxy(server.port)
  proxy.hang()
  const { promised } = await open({ port: proxy.port, connectTimeout: 2_000 }) // a login fits in
  await expect(promised.query('SELECT 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  proxy.letGo()
  proxy.letNewPass()
  expect((await promised.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
  await proxy.close()
})

test('gracefulEnd lets an app end a connection that it borrowed', async () => {
  const { pool, promised } = await open({ gracefulEnd: true })
  const connection = await promised.getConnection()
  void connection.connection.end()
  expect((await promised.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
  expect(pool.listenerCount('connection')).toBe(0)
})

test('socketPath is dialled', async () => {
  const [row] = await server.sql('SELECT @@socket AS path')
  const { promised, credentials } = await open({ socketPath: String(row!['path']) })
  expect((await promised.query(server.who))[0]).toEqual([{ who: credentials.current().username }])
  await credentials.rotate()
  expect((await promised.query(server.who))[0]).toEqual([{ who: credentials.current().username }])
})

test('enableKeepAlive and localAddress reach the socket', async () => {
  const { promised } = await open({ enableKeepAlive: true, keepAliveInitialDelay: 10_000, localAddress: '127.0.0.1' })
  const connection = await promised.getConnection()
  expect(connection.connection).toMatchObject({ stream: { localAddress: '127.0.0.1', connecting: false } })
  connection.release()
})

test('rowsAsArray, namedPlaceholders, multipleStatements and dateStrings stay as they are', async () => {
  const { promised } = await open({ rowsAsArray: true, namedPlaceholders: true, multipleStatements: true, dateStrings: true })
  expect((await promised.query('SELECT :a AS a; SELECT DATE(:b) AS b', { a: 7, b: '2026-01-02' }))[0]).toEqual([
    [[7]],
    [['2026-01-02']],
  ])
})

test('prepared statements are made anew on the connection of a new user', async () => {
  const { promised, credentials } = await open()
  for (let turn = 0; turn < 3; turn++) {
    expect((await promised.execute('SELECT ? + 1 AS n', [turn]))[0]).toEqual([{ n: turn + 1 }])
    await credentials.rotate()
  }
})
