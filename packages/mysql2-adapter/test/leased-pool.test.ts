import { inspect } from 'node:util'
import { LeasedCredentials, OptionError } from '@leasepool/core'
import { leasedPool, type LeasedMysqlPoolOptions } from '@leasepool/mysql2-adapter'
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2'
import { createPool as createPromisePool, type Pool as PromisePool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { poll } from '../../../test/support/poll'
import { startProxy } from '../../../test/support/proxy'

let server: ContractServer
beforeAll(async () => void (server = await startServer('mariadb')))
afterAll(() => server.stop())

const opened: { pool: Pool; credentials: LeasedCredentials }[] = []

async function open(options: PoolOptions = {}, leased: LeasedMysqlPoolOptions = {}) {
  const source = new UserSource(server)
  const credentials = await LeasedCredentials.start(source, { closeTimeoutMs: 500 })
  const { host, port, database } = server
  const pool = leasedPool(createPool({ host, port, database, connectionLimit: 3, ...options }), credentials, leased)
  opened.push({ pool, credentials })
  return { pool, credentials, source, promised: pool.promise() }
}

afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    pool.end()
    await credentials.close()
  }
  vi.restoreAllMocks()
})

const who = async (pool: Pick<PromisePool, 'query'>): Promise<string> =>
  ((await pool.query(server.who))[0] as { who: string }[])[0]!.who

test('gives the pool back that it was given, and makes one from options', async () => {
  const { credentials, pool } = await open()
  const { host, port, database } = server
  const promisePool = createPromisePool({ host, port, database })
  const leased = leasedPool(promisePool, credentials)
  expect(leased).toBe(promisePool)
  expectTypeOf(leased).toEqualTypeOf<PromisePool>()
  expectTypeOf(pool).toEqualTypeOf<Pool>()
  const made = leasedPool({ host, port, database }, credentials)
  expectTypeOf(made).toEqualTypeOf<Pool>()
  const byUrl = leasedPool(`mysql://${host}:${port}/${database}`, credentials)
  for (const each of [leased, made.promise(), byUrl.promise()]) {
    expect(await who(each)).toBe(credentials.current().username)
    await each.end()
  }
})

describe('options', () => {
  it_drops('user and password', { user: 'root', password: 'of-root' })
  it_drops('password', { uri: 'mysql://:of-root@127.0.0.1/app' })
  it_drops('user', { user: 'root' })

  function it_drops(names: string, options: PoolOptions): void {
    test(`drops ${names} of ${Object.keys(options).join(' and ')} with a warning that shows neither`, async () => {
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      const { port, host, database } = server
      const { promised, credentials } = await open({ ...options, host, port, database })
      expect(await who(promised)).toBe(credentials.current().username)
      const expected = `leasedPool: ${names} in the connection configuration are not used; leasepool logs in with the lease's own`
      expect(warned.mock.calls.map(([message]) => message)).toEqual([expected])
    })
  }

  test.each<[PoolOptions, LeasedMysqlPoolOptions, string]>([
    [{ connectionLimit: 0 }, {}, 'leasedPool.connectionLimit'],
    [{ stream: () => undefined }, {}, 'leasedPool.stream'],
    [{}, { acquireTimeoutMs: 0 }, 'leasedPool.acquireTimeoutMs'],
    [{}, { pingBypassMs: -1 }, 'leasedPool.pingBypassMs'],
    [{}, { pingByPassMs: 1 } as never, 'leasedPool.pingByPassMs'],
  ])('refuses %o with %o', async (options, leased, option) => {
    const { credentials } = await open()
    const error = await Promise.resolve()
      .then(() => leasedPool(createPool(options), credentials, leased))
      .catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(OptionError)
    expect((error as OptionError).option).toBe(option)
  })

  test('refuses a pool that is leased already, and one that was used before', async () => {
    const { pool, credentials } = await open()
    expect(() => leasedPool(pool, credentials)).toThrow(/"leasedPool.pool": expected a pool that is not leased yet/)
    const used = createPool({ host: server.host, port: server.port })
    used.getConnection(() => undefined)
    expect(() => leasedPool(used, credentials)).toThrow(/"leasedPool.pool": expected a pool that was not used before/)
    used.end()
  })
})

describe('acquireTimeoutMs', () => {
  test('is how long somebody waits; the connection that comes later goes to the next one', async () => {
    const { promised } = await open({ connectionLimit: 1 }, { acquireTimeoutMs: 2_000, name: 'orders' }) // a login fits in
    const borrowed = await promised.getConnection()
    await expect(promised.query('SELECT 1')).rejects.toMatchObject({
      code: 'ERR_ACQUIRE_TIMEOUT',
      message: 'No connection of pool orders came free within 2000 ms',
    })
    borrowed.release()
    expect(await who(promised)).toBeDefined()
    expect(await who(promised)).toBeDefined()
  })

  test('also bounds the wait for a server that accepts and says nothing', async () => {
    const proxy = await startProxy(server.port)
    const { promised } = await open({ port: proxy.port }, { acquireTimeoutMs: 2_000 }) // a login fits in
    proxy.hang()
    await expect(promised.query('SELECT 1')).rejects.toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT' })
    proxy.letGo()
    expect(await who(promised)).toBeDefined()
    await proxy.close()
  })
})

describe('a query that runs out of time', () => {
  const id = async (on: Pick<PromisePool, 'query'>): Promise<unknown> =>
    ((await on.query('SELECT CONNECTION_ID() AS id'))[0] as { id: number }[])[0]!.id
  const late = { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }

  test.each(['query', 'execute'] as const)(
    'of the pool itself (%s) gives its slot back when the server has gone',
    async (how) => {
      const proxy = await startProxy(server.port)
      const options = { port: proxy.port, connectionLimit: 1 }
      const { promised } = await open(options, { pingTimeoutMs: 200, acquireTimeoutMs: 10_000 })
      const before = await id(promised)
      const asked = { sql: 'SELECT 1', timeout: 1_000 }
      const ask = (): Promise<unknown> => (how === 'query' ? promised.query(asked) : promised.execute(asked))
      await ask() // prepares the statement, for which mysql2 has no limit
      proxy.hang()
      proxy.letNewPass()
      await expect(ask()).rejects.toMatchObject(late)
      expect(await id(promised)).not.toBe(before)
      await proxy.close()
    },
  )

  test('of the pool itself keeps its connection when the answer comes soon after', async () => {
    const { promised } = await open({ connectionLimit: 1 })
    const before = await id(promised)
    await expect(promised.query({ sql: 'SELECT SLEEP(0.4)', timeout: 100 })).rejects.toMatchObject(late)
    expect(await id(promised)).toBe(before)
  })

  test('of a borrower leaves the connection to it; it is checked when it comes back', async () => {
    const proxy = await startProxy(server.port)
    const options = { port: proxy.port, connectionLimit: 1 }
    const { promised } = await open(options, { pingTimeoutMs: 200, acquireTimeoutMs: 10_000 })
    const borrowed = await promised.getConnection()
    await expect(borrowed.query({ sql: 'SELECT SLEEP(0.6)', timeout: 100 })).rejects.toMatchObject(late)
    const before = await id(borrowed) // longer than a check would have waited
    proxy.hang()
    proxy.letNewPass()
    await expect(borrowed.query({ sql: 'SELECT 1', timeout: 100 })).rejects.toMatchObject(late)
    borrowed.release()
    expect(await id(promised)).not.toBe(before)
    await proxy.close()
  })
})

test('a statement that is refused for want of a right closes its connection, and no other', async () => {
  const { promised, credentials, source } = await open()
  const ids = async (): Promise<unknown> => (await promised.query('SELECT CONNECTION_ID() AS id'))[0]
  const before = await ids()
  expect(await ids()).toEqual(before)
  await expect(promised.query('CREATE USER nobody')).rejects.toMatchObject({ errno: 1227 })
  expect(await ids()).not.toEqual(before)
  await expect(promised.execute('SELECT * FROM mysql.user')).rejects.toMatchObject({ errno: 1142 })
  expect(credentials.generation).toBe(1)
  expect(source.revoked).toEqual([])
})

test('emits what a mysql2 pool emits, and gives every connection its own hooks', async () => {
  const { pool, promised, credentials } = await open()
  const seen: string[] = []
  for (const event of ['connection', 'acquire', 'enqueue', 'release']) pool.on(event, () => seen.push(event))
  pool.on('connection', (connection) => connection.query(`SET @hook = 'set'`))
  const hook = async (): Promise<unknown> => (await promised.query('SELECT @hook AS hook'))[0]
  expect(await hook()).toEqual([{ hook: 'set' }])
  await poll('it is back', () => seen, (events) => events.includes('release')) // prettier-ignore
  expect(seen).toEqual(['connection', 'acquire', 'release'])
  await credentials.rotate()
  expect(await hook()).toEqual([{ hook: 'set' }])
})

test('resets what is returned when resetOnRelease says so, also across a rotation', async () => {
  const { promised, credentials } = await open({ resetOnRelease: true, connectionLimit: 1 })
  const set = await promised.getConnection()
  await set.query(`SET @left = 'behind'`)
  await credentials.rotate()
  set.release()
  expect((await promised.query('SELECT @left AS l'))[0]).toEqual([{ l: null }])
})

test('closes what is idle for too long, and makes the next one when it is needed', async () => {
  const { promised, credentials } = await open({ maxIdle: 0, idleTimeout: 100 })
  expect(await who(promised)).toBe(credentials.current().username)
  await poll('the connection is closed', () => server.sessions(credentials.current().username), (count) => count === 0) // prettier-ignore
  await poll('its slot is free', () => credentials.status().pools[0]!.sockets, (sockets) => sockets === 0) // prettier-ignore
  expect(await who(promised)).toBe(credentials.current().username)
})

test('shows no password when a pool or a connection is printed', async () => {
  const { pool, promised, credentials } = await open()
  const connection = await promised.getConnection()
  const { password } = credentials.current()
  const shown = [pool, promised, connection, connection.connection].map((each) => inspect(each, { depth: 10 }))
  expect(shown.filter((text) => text.includes(password))).toEqual([])
  connection.release()
})

test('a stream goes on across a rotation and gives all rows', async () => {
  const { pool, credentials } = await open({ connectionLimit: 1 })
  let rows = 0
  for await (const _ of pool.query('SELECT * FROM item').stream({ highWaterMark: 10 })) {
    if ((rows += 1) === 20) await credentials.rotate()
  }
  expect(rows).toBe(1_000)
  expect(await who(pool.promise())).toBe(credentials.current().username)
})

test('a connection whose server does not answer to goodbye keeps its slot for five seconds at most', async () => {
  const proxy = await startProxy(server.port)
  const { promised, credentials } = await open({ port: proxy.port, connectionLimit: 1 }, { pingTimeoutMs: 50 })
  await who(promised)
  proxy.hang()
  proxy.letNewPass()
  await credentials.rotate() // says goodbye to a peer that does not answer
  expect(await who(promised)).toBe(credentials.current().username)
  await proxy.close()
})

test('a query without a callback on a connection that is closed throws no more than mysql2 does', async () => {
  const { promised } = await open()
  const { connection } = await promised.getConnection()
  const closed = new Promise((resolve) => connection.once('end', resolve))
  connection.destroy()
  await closed
  expect(() => connection.query('SELECT 1')).not.toThrow()
})

test('onConnect is awaited before a connection is lent first, and only then', async () => {
  const seen: number[] = []
  const onConnect = async (connection: PoolConnection): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    await connection.promise().query("SET @greeting = 'hello'")
    seen.push(connection.threadId)
  }
  const { promised, credentials } = await open({ connectionLimit: 1 }, { onConnect })
  for (const turn of [1, 2]) {
    for (let lend = 0; lend < 3; lend++) {
      expect((await promised.query('SELECT @greeting AS greeting'))[0]).toEqual([{ greeting: 'hello' }])
    }
    expect(seen).toHaveLength(turn)
    await credentials.rotate()
  }
})

test('what onConnect rejects with is the answer, and that connection is closed', async () => {
  const { promised, credentials } = await open({}, { onConnect: () => Promise.reject(new Error('not ready')) })
  for (let turn = 0; turn < 5; turn++) await expect(promised.query('SELECT 1')).rejects.toThrow('not ready')
  await poll(
    'every slot is free',
    () => credentials.status().pools[0]!.sockets,
    (sockets) => sockets === 0,
  )
})

test('a port that is none fails who asks, and takes no slot', async () => {
  const { pool, credentials, promised } = await open({ port: 70_000 })
  await expect(promised.query('SELECT 1')).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' })
  await poll('no slot is taken', () => credentials.status().pools[0]!.sockets, (sockets) => sockets === 0) // prettier-ignore
  await new Promise<void>((ended) => pool.end(() => ended()))
})
