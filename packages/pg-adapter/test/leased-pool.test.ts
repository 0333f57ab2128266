import { OptionError, systemClock } from '@leasepool/core'
import { cancelRequest, LeasedPool, leasedPoolClass } from '@leasepool/pg-adapter'
import { Client, DatabaseError, Pool, type PoolClient, type PoolConfig } from 'pg'
import Cursor from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { logEvents } from '../../../test/support/app'
import { startDatabase, type TestDatabase } from '../../../test/support/database'
import { poll } from '../../../test/support/poll'
import { startHostileProxy } from '../../../test/support/hostile-proxy'
import { startProxy } from '../../../test/support/proxy'
import { sqlCredentials, type SqlSource } from '../../../test/support/sql-source'
import type { LeasedCredentials, LeasedCredentialsOptions, LeasedPoolOptions } from '@leasepool/core'

let database: TestDatabase
beforeAll(async () => void (database = await startDatabase()))
afterAll(() => database.stop())

interface Opened {
  pool: LeasedPool
  credentials: LeasedCredentials
  source: SqlSource
}
const opened: Opened[] = []

async function open(
  config: PoolConfig = {},
  leased: LeasedPoolOptions = {},
  options: LeasedCredentialsOptions = {},
): Promise<Opened> {
  const { credentials, source } = await sqlCredentials(database, { closeTimeoutMs: 500, ...options })
  const pool = new LeasedPool(
    { host: database.host, port: database.port, database: 'app', max: 3, ...config },
    credentials,
    leased,
  )
  const all = { pool, credentials, source }
  opened.push(all)
  return all
}

afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    await credentials.close()
    if (!pool.ending) void pool.end().catch(() => undefined)
  }
  await database.limitConnections(-1)
  expect(
    await poll(
      'no leased user is left',
      () => database.users(),
      (users) => users.length === 0,
    ),
  ).toEqual([])
})

const who = async (client: { query(sql: string): Promise<{ rows: { session_user: string }[] }> }): Promise<string> =>
  (await client.query('SELECT session_user')).rows[0]!.session_user

const sessionsOf = async (user: string): Promise<number> =>
  (await database.sessions()).find((session) => session.user === user)?.count ?? 0

test('is a pg.Pool, for instanceof and for types', async () => {
  const { pool } = await open()
  expect(pool).toBeInstanceOf(Pool)
  expectTypeOf(pool).toExtend<Pool>()
  expect(pool.constructor.name).toContain('Pool')
})

test('queries and connects with promises and with callbacks', async () => {
  const { pool, credentials } = await open()
  const user = credentials.current().username
  expect(await who(pool)).toBe(user)
  expect((await pool.query('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }])
  const rows = await new Promise((resolve, reject) =>
    pool.query('SELECT 1 AS one', (error: Error | undefined, result) => (error ? reject(error) : resolve(result.rows))),
  )
  expect(rows).toEqual([{ one: 1 }])
  await new Promise<void>((resolve, reject) =>
    pool.connect((error, client, done) => {
      if (error) return reject(error)
      client!.query('SELECT 2 AS two').then((result) => {
        expect(result.rows).toEqual([{ two: 2 }])
        expect(done).toBe(client!.release)
        done()
        resolve()
      }, reject)
    }),
  )
})

test('a failing statement rejects with the driver’s own error', async () => {
  const { pool } = await open()
  await expect(pool.query('SELECT * FROM no_such_table')).rejects.toSatisfy(
    (error) => error instanceof DatabaseError && error.code === '42P01',
  )
})

test('emits what pg.Pool emits and counts what it counts, across a rotation', async () => {
  const { pool, credentials } = await open()
  const seen: string[] = []
  for (const event of ['connect', 'acquire', 'release', 'remove'] as const) pool.on(event, () => seen.push(event))
  const first = await pool.connect()
  const second = await pool.connect()
  expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([2, 0, 0])
  first.release()
  second.release()
  expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([2, 2, 0])
  expect(seen).toEqual(['connect', 'acquire', 'connect', 'acquire', 'release', 'release'])
  seen.length = 0
  await credentials.rotate()
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]) // one after the other
  await poll(
    'both sockets have ended',
    () => seen,
    (events) => events.length === 2,
  )
  expect(seen).toEqual(['remove', 'remove'])
  expect([pool.totalCount, pool.idleCount]).toEqual([0, 0])
  expect(() => first.release()).toThrow(/already been released/)
})

test('idle connections of the old user are closed by the rotation itself', async () => {
  const { pool, credentials } = await open()
  const old = credentials.current().username
  await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')))
  expect(await sessionsOf(old)).toBe(3)
  await credentials.rotate()
  await poll(
    'the old user has no session',
    () => sessionsOf(old),
    (count) => count === 0,
  )
  expect(await who(pool)).toBe(credentials.current().username)
})

test('a transaction goes on across a rotation, and its connection is closed on release, not lent again', async () => {
  const { pool, credentials } = await open({ max: 1 })
  const log = logEvents(credentials)
  const client = await pool.connect()
  const old = await who(client)
  await client.query('BEGIN')
  await client.query(`INSERT INTO item (label) VALUES ('kept')`)
  const rotating = credentials.rotate()
  const waiting = pool.query('SELECT session_user')
  await rotating
  expect(log.of('probeSkipped')).toMatchObject([{ pool: 'app', generation: 2 }])
  expect(await who(client)).toBe(old)
  await client.query('COMMIT')
  expect(log.of('drained')).toEqual([])
  client.release()
  expect((await waiting).rows).toEqual([{ session_user: credentials.current().username }])
  await poll(
    'the old generation is drained and revoked',
    () => log.of('revoked').length,
    (count) => count === 1,
  )
  expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'idle' }])
  expect(await database.users()).not.toContain(old)
})

test('who waits is served before who asks later, also when the connection that comes back goes', async () => {
  const { pool, credentials } = await open({ max: 1 })
  for (const goes of [(client: PoolClient) => client.release(true), (client: PoolClient) => client.release()]) {
    const client = await pool.connect()
    await credentials.rotate() // makes it stale: the second one goes for that
    const order: string[] = []
    const first = pool.query('SELECT 1').then(() => order.push('first'))
    goes(client)
    expect(() => client.release()).toThrow(/already been released/)
    const second = pool.query('SELECT 1').then(() => order.push('second'))
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
  }
})

test('end() serves who waits, waits for what is borrowed, and resolves when every socket is closed', async () => {
  const { pool } = await open({ max: 1 })
  const client = await pool.connect()
  const waiting = [pool.query('SELECT 1 AS n'), pool.query('SELECT 2 AS n')]
  const ended = pool.end()
  await expect(pool.connect()).rejects.toThrow('Cannot use a pool after calling end on the pool')
  await expect(pool.end()).rejects.toThrow('Called end on pool more than once')
  client.release()
  expect((await Promise.all(waiting)).map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
  await ended
  expect(await database.sessions()).toEqual([])
  expect(pool.ended).toBe(true)
})

test('end() with a callback, and of a pool that was never used', async () => {
  const { pool } = await open()
  await new Promise<void>((resolve) => pool.end(resolve))
  expect(pool.ended).toBe(true)
})

test('the slot of a connection that goes is free only when its socket has ended', async () => {
  await database.limitConnections(2)
  const { pool } = await open({ max: 2 })
  const borrowAndDestroy = async (): Promise<void> => {
    const client = await pool.connect()
    await client.query('SELECT 1')
    client.release(true)
  }
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 8 }, borrowAndDestroy))
  await expect(Promise.all(Array.from({ length: 8 }, borrowAndDestroy))).resolves.toHaveLength(8)
})

test('options keep their meaning: maxUses, idleTimeoutMillis, maxLifetimeSeconds, connectionTimeoutMillis, onConnect', async () => {
  const uses = await open({ max: 1, maxUses: 2 })
  const pid = async (pool: Pool): Promise<number> =>
    (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid
  const pids = [await pid(uses.pool), await pid(uses.pool), await pid(uses.pool)]
  expect(pids[0]).toBe(pids[1])
  expect(pids[2]).not.toBe(pids[1])

  const idle = await open({ max: 1, idleTimeoutMillis: 20 })
  await idle.pool.query('SELECT 1')
  await poll(
    'the idle connection is closed',
    () => idle.pool.totalCount,
    (total) => total === 0,
  )

  const life = await open({ max: 1, maxLifetimeSeconds: 0.05 })
  await life.pool.query('SELECT 1')
  await poll(
    'the old connection is closed',
    () => life.pool.totalCount,
    (total) => total === 0,
  )

  const busy = await open({ max: 1, connectionTimeoutMillis: 2_000 }) // a login fits in
  const client = await busy.pool.connect()
  await expect(busy.pool.connect()).rejects.toThrow(/timeout exceeded when trying to connect/)
  client.release()
  expect((await busy.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])

  const prepared = await open({ max: 1, onConnect: (made) => void made.query(`SET application_name = 'prepared'`) })
  expect((await prepared.pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'prepared' }])
})

test('a connection string is taken apart; user and password are dropped with a warning that names neither', async () => {
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)
  process.on('warning', listen)
  const { host, port } = database
  const { pool, credentials } = await open({
    host: undefined,
    database: undefined,
    connectionString: `postgres://admin:hunter2hunter2@${host}:${port}/app`,
  })
  expect(await who(pool)).toBe(credentials.current().username)
  await poll(
    'the warning has come',
    () => warnings.length,
    (count) => count > 0,
  )
  process.off('warning', listen)
  expect(warnings[0]!.message).toMatch(/user and password .* are not used/)
  expect(warnings[0]!.message).not.toMatch(/admin|hunter2/)
})

test('without a database name it refuses: pg would use the name of the user, which changes', async () => {
  const { credentials } = await open()
  expect(() => new LeasedPool({ host: database.host }, credentials)).toThrow(OptionError)
  expect(() => new LeasedPool({ database: 'app' }, credentials, { pingByPassMs: 1 } as never)).toThrow(
    /pingByPassMs.*expected "pingBypassMs"/,
  )
})

test('a connection that the server killed while idle is noticed before it is lent, and takes the idle older ones with it', async () => {
  const { pool } = await open({}, { pingBypassMs: 0 })
  await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')))
  const errors: unknown[] = []
  pool.on('error', (error) => errors.push(error)) // as in pg.Pool: an idle client's error goes to the pool
  const killed = await database.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app'`)
  expect(killed).toHaveLength(3)
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
})

test('a connection on which a message of an unknown kind came is cut at once, and bid no goodbye that nobody answers', async () => {
  const proxy = await startHostileProxy(database.port, 'postgres')
  const { pool, credentials } = await open({ port: proxy.port, max: 1 })
  await pool.query('SELECT 1')
  proxy.set({ at: 'question', blow: { garbage: Buffer.from('3f00000004', 'hex') } })
  await expect(pool.query('SELECT 1')).rejects.toThrow('received invalid response: 3f')
  await poll('it is cut', () => credentials.status().pools[0]!.sockets, (count) => count === 0, 3_000) // prettier-ignore
  proxy.set(undefined)
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  await proxy.close()
})

test('connectionTimeoutMillis is the limit of who asks, checks of connections included; the checked one serves the next', async () => {
  const proxy = await startProxy(database.port)
  const config = { port: proxy.port, max: 1, connectionTimeoutMillis: 2_000 } // a login fits in
  const { pool, credentials } = await open(config, { pingBypassMs: 0, pingTimeoutMs: 20_000 })
  await pool.query('SELECT 1')
  proxy.hang()
  const startMs = performance.now()
  await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded when trying to connect')
  expect(performance.now() - startMs).toBeLessThan(10_000)
  expect(credentials.status().pools[0]).toMatchObject({ sockets: 1, borrowed: 1 }) // the check goes on
  proxy.letGo()
  const checked = (): unknown => credentials.status().pools[0]
  await poll('it is back', checked, (stats) => (stats as { idle: number }).idle === 1)
  expect(await who(pool)).toBe(credentials.current().username)
  await proxy.close()
})

test('connections that hang are given up after the ping’s time limit, all at once, and the borrower gets a fresh one', async () => {
  const proxy = await startProxy(database.port)
  const { pool } = await open({ port: proxy.port }, { pingBypassMs: 0, pingTimeoutMs: 150 })
  await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')))
  proxy.hang()
  const startMs = performance.now()
  const answer = pool.query('SELECT 1 AS n')
  await poll(
    'the hanging connections are out of the pool',
    () => pool.totalCount,
    (total) => total <= 1,
  )
  proxy.letGo()
  expect((await answer).rows).toEqual([{ n: 1 }])
  expect(performance.now() - startMs).toBeLessThan(4_000)
  await pool.end()
  await proxy.close()
})

test('a role that was dropped is noticed by the pre-ping, which SELECT 1 would pass', async () => {
  const { pool, credentials } = await open({ max: 1 }, { pingBypassMs: 0 })
  const { username, generation } = credentials.current()
  const client = await pool.connect()
  client.release()
  await database.sql(`DROP ROLE "${username}"`)
  expect((await pool.query('SELECT session_user')).rows).not.toEqual([{ session_user: username }])
  expect(credentials.current().generation).toBe(generation + 1)
})

test('a role that is dropped under load costs only the queries that met it: one new credential, and everybody goes on with that', async () => {
  const { pool, credentials } = await open({ max: 4 })
  const log = logEvents(credentials)
  const { username, generation } = credentials.current()
  let isOver = false
  let answered = 0
  const failures: unknown[] = []
  const caller = async (): Promise<void> => {
    while (!isOver) {
      await pool.query('SELECT count(*) FROM item').then(
        () => (answered += 1),
        (error: unknown) => failures.push(error),
      )
    }
  }
  const callers = Array.from({ length: 16 }, caller)
  const some = (more: number) => {
    const enough = answered + more
    return poll(
      'more answers',
      () => answered,
      (now) => now >= enough,
    )
  }
  await some(100)
  await database.sql(`DROP ROLE "${username}"`)
  await poll(
    'a new credential',
    () => credentials.generation,
    (now) => now > generation,
  )
  await some(300)
  isOver = true
  await Promise.all(callers)
  expect(failures.length).toBeLessThanOrEqual(4) // one for each connection that was in the middle of something
  for (const failure of failures) expect(failure).toMatchObject({ code: '42501' })
  expect(credentials.generation).toBe(generation + 1)
  expect(log.of('loginRefused')).toHaveLength(1)
  expect(log.of('rotated')).toMatchObject([{ reason: 'login-refused' }])
  expect(credentials.status().health.state).toBe('healthy')
})

test('a query that the app may not run is no reason for anything', async () => {
  const { pool, credentials } = await open({ max: 1 })
  const log = logEvents(credentials)
  const { generation } = credentials.current()
  for (let n = 0; n < 5; n++) await expect(pool.query('SELECT * FROM pg_authid')).rejects.toMatchObject({ code: '42501' })
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect(credentials.generation).toBe(generation)
  expect(log.all).toEqual([])
})

test('a login that a rotation overtook is tried once more with the new user', async () => {
  const proxy = await startProxy(database.port)
  const { pool, credentials } = await open({ port: proxy.port, max: 2 })
  proxy.hang()
  const slow = pool.query('SELECT session_user')
  await poll(
    'the login is under way',
    () => proxy.open,
    (open) => open === 1,
  )
  proxy.letNewPass()
  const old = credentials.current().username
  await credentials.rotate()
  await database.sql(`ALTER ROLE "${old}" NOLOGIN`)
  proxy.letGo()
  expect((await slow).rows).toEqual([{ session_user: credentials.current().username }])
  await pool.end()
  await proxy.close()
})

test('a candidate that cannot log in is not promoted, and is given back', async () => {
  const { pool, credentials, source } = await open({}, {}, { probeTimeoutMs: 400 })
  const user = credentials.current().username
  source.refusesLogins = true
  await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', pool: 'app', generation: 2 })
  expect(await who(pool)).toBe(user)
  await poll(
    'only the current user exists',
    () => database.users(),
    (users) => users.length === 1 && users[0] === user,
  )
})

test.for([
  { max: 3, how: 'cancelled', failure: { code: '57014' } }, // a slot is free, whatever becomes of who waits
  { max: 1, how: 'cut and then cancelled, for want of a slot', failure: { message: 'Connection terminated' } },
])('with max $max, a query that runs at the drain deadline is $how, and who waits is served', async ({ max, failure }) => {
  const { pool, credentials } = await open({ max }, {}, { drainDeadlineMs: 300 })
  const log = logEvents(credentials)
  const client = await pool.connect()
  const old = await who(client)
  const running = client.query('SELECT pg_sleep(30)').then(
    () => 'finished',
    (error: Error) => (client.release(error), error),
  )
  await credentials.rotate()
  const waiting = pool.query('SELECT session_user')
  expect(await running).toMatchObject(failure)
  expect((await waiting).rows).toEqual([{ session_user: credentials.current().username }])
  await poll(
    'it is drained',
    () => log.of('drained').length,
    (count) => count === 1,
  )
  expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'deadline' }])
  expect(log.of('connectionForced')).toMatchObject([{ pool: 'app', generation: 1 }])
  expect(log.of('connectionForced')[0]!.borrowedMs).toBeGreaterThanOrEqual(300)
  await poll('its session has ended', () => sessionsOf(old), (count) => count === 0) // prettier-ignore
})

test('at the drain deadline an idle transaction and a stream that nobody reads are closed, and the slot is free again', async () => {
  const { pool, credentials } = await open({ max: 2 }, {}, { drainDeadlineMs: 200 })
  const log = logEvents(credentials)
  const inTransaction: PoolClient = await pool.connect()
  await inTransaction.query('BEGIN')
  const streaming = await pool.connect()
  const stream = streaming.query(new Cursor('SELECT * FROM generate_series(1, 100000)', [], { highWaterMark: 10 }))
  stream.on('error', () => undefined)
  await new Promise((resolve) => stream.once('readable', resolve))
  await credentials.rotate()
  await poll(
    'both are closed',
    () => log.of('connectionForced').length,
    (count) => count === 2,
    15_000,
  )
  await expect(inTransaction.query('SELECT 1')).rejects.toThrow(/closed|terminated|not queryable/)
  inTransaction.release()
  streaming.release()
  expect((await Promise.all([who(pool), who(pool)])).every((user) => user === credentials.current().username)).toBe(true)
})

test('a login that is refused while the credentials close rejects, and the pool can be ended', async () => {
  const proxy = await startProxy(database.port)
  // Time enough for the refusal.
  const { pool, credentials } = await open({ port: proxy.port, max: 1 }, {}, { closeTimeoutMs: 20_000 })
  proxy.hang()
  const refused = expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28000' })
  await poll(
    'the login is under way',
    () => proxy.open,
    (count) => count === 1,
  )
  await database.sql(`ALTER ROLE "${credentials.current().username}" NOLOGIN`)
  const closed = credentials.close()
  proxy.letGo()
  await refused
  await closed
  await pool.end()
  await proxy.close()
})

test('a port that is none rejects queries and rotations, leaks no slot, and the pool can be ended', async () => {
  const { pool, credentials } = await open({ port: 'tcp://10.0.0.1:5432' as never, max: 1 }, {}, { probeTimeoutMs: 300 })
  for (let n = 0; n < 3; n++) await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' })
  await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE' })
  expect(credentials.status().pools).toMatchObject([{ sockets: 0 }])
  await pool.end()
})

test('a client that cannot be constructed rejects, and the pool can be ended', async () => {
  const stream = (): never => {
    throw new Error('no tunnel')
  }
  const { pool } = await open({ stream, max: 1 })
  await expect(pool.query('SELECT 1')).rejects.toThrow('no tunnel')
  await pool.end()
})

test('a cancel request that nobody takes is given up, and says so', async () => {
  const proxy = await startProxy(database.port)
  const { pool } = await open({ port: proxy.port, max: 1 })
  const client = await pool.connect()
  expect(await cancelRequest(client, systemClock)).toBe(true)
  proxy.hang()
  expect(await cancelRequest(client, systemClock)).toBe(false)
  proxy.letGo()
  client.release()
  await pool.end()
  await proxy.close()
})

test('credentials that are closed refuse new logins with a clear error, and the pool can still be ended', async () => {
  const { pool, credentials } = await open()
  await pool.query('SELECT 1')
  await credentials.close()
  expect(await database.sessions()).toEqual([])
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await pool.end()
})

test('keeps no password where inspect or JSON would show it', async () => {
  const { inspect } = await import('node:util')
  const { pool, credentials } = await open()
  const client = await pool.connect()
  const { password } = credentials.current()
  for (const thing of [pool, client, credentials, credentials.current(), credentials.status()]) {
    expect(inspect(thing, { depth: 12 })).not.toContain(password)
  }
  expect(JSON.stringify([pool.options, credentials.current(), credentials.status()])).not.toContain(password)
  client.release()
})

test('is made from the pg that is handed in, once for each', async () => {
  class OwnPool extends Pool {}
  class OwnClient extends Client {}
  const OwnLeasedPool = leasedPoolClass({ Pool: OwnPool, Client: OwnClient })
  expect(leasedPoolClass({ Pool: OwnPool, Client: OwnClient })).toBe(OwnLeasedPool)
  expect(leasedPoolClass({ Pool, Client })).toBe(LeasedPool)
  expect(leasedPoolClass({ Pool, Client: OwnClient })).not.toBe(LeasedPool)
  const { credentials } = await open()
  const pool = new OwnLeasedPool({ host: database.host, port: database.port, database: 'app', max: 1 }, credentials)
  expect(pool).toBeInstanceOf(OwnPool)
  const client = await pool.connect()
  expect(client).toBeInstanceOf(OwnClient)
  await credentials.rotate()
  client.release()
  expect(await who(pool)).toBe(credentials.current().username)
  await pool.end()
})
