import { type LeasedCredentials, type LeasedCredentialsOptions, type LeasedPoolOptions } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knexFactory, { type Knex } from 'knex'
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { logEvents } from '../../../test/support/app'
import { startDatabase, type TestDatabase } from '../../../test/support/database'
import { poll } from '../../../test/support/poll'
import { startProxy } from '../../../test/support/proxy'
import { sqlCredentials } from '../../../test/support/sql-source'

let database: TestDatabase
beforeAll(async () => void (database = await startDatabase()))
afterAll(() => database.stop())

interface Opened {
  db: Knex
  credentials: LeasedCredentials
}
const opened: Opened[] = []

async function open(
  config: Partial<Knex.Config> = {},
  leased: LeasedPoolOptions = {},
  options: LeasedCredentialsOptions = {},
): Promise<Opened> {
  const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500, ...options })
  const connection = { host: database.host, port: database.port, database: 'app' }
  const db = knexFactory(leasedKnex({ client: 'pg', connection, pool: { min: 0, max: 3 }, ...config }, credentials, leased))
  opened.push({ db, credentials })
  return { db, credentials }
}

afterEach(async () => {
  for (const { db, credentials } of opened.splice(0)) {
    await credentials.close()
    await db.destroy()
  }
  await database.limitConnections(-1)
  expect(
    await poll(
      'no leased user is left',
      () => database.users(),
      (users) => users.length === 0,
    ),
  ).toEqual([])
  expect(
    await poll(
      'no session is left',
      () => database.sessions(),
      (sessions) => sessions.length === 0,
    ),
  ).toEqual([])
})

const who = async (db: Knex | Knex.Transaction): Promise<string> =>
  (await db.raw<{ rows: { session_user: string }[] }>('SELECT session_user')).rows[0]!.session_user

const sessionsOf = async (user: string): Promise<number> =>
  (await database.sessions()).find((session) => session.user === user)?.count ?? 0

test('gives back a config of the same type, otherwise unchanged', async () => {
  const { credentials } = await open()
  const config = { client: 'pg', connection: { database: 'app' }, searchPath: ['public'], pool: { min: 0, max: 2 }, debug: false }
  const leased = leasedKnex(config, credentials)
  expectTypeOf(leased).toEqualTypeOf(config)
  expect(leased).toMatchObject({
    searchPath: ['public'],
    pool: { min: 0, max: 2 },
    debug: false,
    connection: { database: 'app' },
  })
  expect(config.client).toBe('pg')
})

test('idle connections of the old user are closed by the rotation itself, and nobody waits for them', async () => {
  const { db, credentials } = await open()
  const old = await who(db)
  const all = [await db.transaction(), await db.transaction(), await db.transaction()]
  for (const trx of all) await trx.commit()
  expect(await sessionsOf(old)).toBe(3)
  await credentials.rotate()
  await poll(
    'the old user has no session',
    () => sessionsOf(old),
    (count) => count === 0,
  )
  expect(await who(db)).toBe(credentials.current().username)
})

test('a transaction with savepoints goes on across a rotation; its connection is closed on release', async () => {
  const { db, credentials } = await open({ pool: { min: 0, max: 2 } })
  const log = logEvents(credentials)
  const old = credentials.current().username
  await db.transaction(async (trx) => {
    expect(await who(trx)).toBe(old)
    await credentials.rotate()
    await trx.transaction(async (inner) => void (await inner('item').insert({ label: 'inside' })))
    expect(await who(trx)).toBe(old)
    expect(await who(db)).toBe(credentials.current().username)
    expect(log.of('drained')).toEqual([])
  })
  await poll(
    'the old generation is revoked',
    () => log.of('revoked').length,
    (count) => count === 1,
  )
  expect(await sessionsOf(old)).toBe(0)
})

test('a stream goes on across a rotation', async () => {
  const { db, credentials } = await open()
  let rows = 0
  for await (const _ of db.select('n').from(db.raw('generate_series(1, 5000) AS n')).stream({ highWaterMark: 50 })) {
    rows += 1
    if (rows === 100) await credentials.rotate()
  }
  expect(rows).toBe(5_000)
})

test('concurrent streams and transactions never share a connection', async () => {
  const { db } = await open()
  const stream = async (): Promise<number> => {
    let rows = 0
    for await (const _ of db('item').select('id').limit(200).stream()) rows += 1
    return rows
  }
  const failing = (): Promise<unknown> => db.raw('SELECT no_such_column FROM item').catch((error: { code: string }) => error.code)
  const work = Array.from({ length: 120 }, (_, n) =>
    n % 3 === 0 ? stream() : n % 3 === 1 ? db.transaction((trx) => who(trx)) : failing(),
  )
  const results = await Promise.all(work)
  expect(results.filter((_, n) => n % 3 === 0).every((rows) => rows === 200)).toBe(true)
  expect(results.filter((_, n) => n % 3 === 2).every((code) => code === '42703')).toBe(true)
})

test('timeout(ms, { cancel: true }) cancels a query that an earlier user started', async () => {
  const { db, credentials } = await open()
  const running = `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND pid <> pg_backend_pid()`
  const slow = db.raw('SELECT pg_sleep(20)').timeout(1_500, { cancel: true })
  const failed = expect(slow).rejects.toThrow(/Defined query timeout of 1500ms exceeded/)
  await poll('it runs', () => database.sql(running), (rows) => rows.length === 1) // prettier-ignore
  await credentials.rotate()
  const startMs = performance.now()
  await failed
  expect(performance.now() - startMs).toBeLessThan(5_000 + 1_100)
  expect(
    await poll(
      'the query has stopped',
      () => database.sql(running),
      (rows) => rows.length === 0,
    ),
  ).toEqual([])
})

test('timeout with cancel inside a transaction, whose client Knex makes without a constructor', async () => {
  const { db } = await open()
  const cancelled = db.transaction((trx) => trx.raw('SELECT pg_sleep(20)').timeout(100, { cancel: true }))
  await expect(cancelled).rejects.toThrow(/timeout of 100ms exceeded/)
})

test('searchPath, afterCreate, validate, withUserParams and acquireConnectionTimeout keep their meaning', async () => {
  const created: unknown[] = []
  const validated: unknown[] = []
  const { db, credentials } = await open({
    searchPath: ['pg_catalog', 'public'],
    acquireConnectionTimeout: 1_000,
    pool: {
      min: 0,
      max: 1,
      afterCreate: (
        connection: { query(sql: string, done: (error: Error | null) => void): void },
        done: (error: Error | null) => void,
      ) => {
        created.push(connection)
        connection.query(`SET application_name = 'prepared'`, done)
      },
      validate: (connection: unknown) => {
        validated.push(connection)
        return true
      },
    } as never,
  })
  const shown = async (name: string): Promise<unknown> =>
    (await db.raw<{ rows: Record<string, string>[] }>(`SHOW ${name}`)).rows[0]
  expect(await shown('search_path')).toEqual({ search_path: 'pg_catalog, public' })
  expect(await shown('application_name')).toEqual({ application_name: 'prepared' })
  expect(created).toHaveLength(1)
  expect(validated.length).toBeGreaterThan(0)
  expect(await who(db.withUserParams({ tenant: 7 }))).toBe(credentials.current().username)
  await db.transaction(async () => {
    await expect(db.raw('SELECT 1')).rejects.toThrow(/Timeout acquiring a connection/)
  })
  expect(await who(db)).toBe(credentials.current().username)
})

test('connections that afterCreate refuses, or whose searchPath cannot be set, are closed: they leak no slot', async () => {
  let refused = 0
  const { db } = await open({
    pool: {
      min: 0,
      max: 2,
      afterCreate: (_: unknown, done: (error: Error | null) => void) =>
        done((refused += 1) <= 4 ? new Error('not this one') : null),
    },
  })
  for (let n = 0; n < 4; n++) await expect(db.raw('SELECT 1')).rejects.toThrow('not this one')
  await poll(
    'the refused connections are gone',
    () => database.sessions(),
    (sessions) => sessions.length === 0,
  )
  expect(await Promise.all([who(db), who(db)])).toHaveLength(2)
})

test('an acquire that times out while its connection is being checked does not leave it borrowed for ever', async () => {
  const proxy = await startProxy(database.port)
  const { db, credentials } = await open(
    {
      connection: { host: database.host, port: proxy.port, database: 'app' },
      pool: { min: 0, max: 1 },
      acquireConnectionTimeout: 1_000,
    },
    { pingBypassMs: 0, pingTimeoutMs: 5_000 },
  )
  const old = await who(db)
  proxy.hang()
  await expect(db.raw('SELECT 1')).rejects.toThrow(/Timeout acquiring/)
  proxy.letGo()
  await poll(
    'the connection can be lent again',
    () =>
      db.raw('SELECT 1').then(
        () => true,
        () => false,
      ),
    (worked) => worked,
  )
  await credentials.rotate()
  await poll(
    'the old user has no session',
    () => sessionsOf(old),
    (count) => count === 0,
  )
  await db.destroy()
  await proxy.close()
})

test('connection as a string, as a function and as an async function; a user in it is dropped', async () => {
  const { host, port } = database
  const asString = await open({ connection: `postgres://admin:hunter2@${host}:${port}/app` })
  const asFunction = await open({ connection: () => ({ host, port, database: 'app', user: 'admin', password: 'hunter2' }) })
  const asAsync = await open({ connection: async () => Promise.resolve({ host, port, database: 'app' }) })
  const inside = await open({ connection: { connectionString: `postgres://admin:hunter2@${host}:${port}/app` } })
  for (const { db, credentials } of [asString, asFunction, asAsync, inside])
    expect(await who(db)).toBe(credentials.current().username)
})

test('with connection as a function, a rotation before the first query probes the right database', async () => {
  const { host, port } = database
  const { db, credentials } = await open({ connection: async () => Promise.resolve({ host, port, database: 'app' }) })
  const log = logEvents(credentials)
  await credentials.rotate()
  expect(log.of('probeFailed')).toEqual([])
  expect(await who(db)).toBe(credentials.current().username)
})

test('a pool config that tarn refuses leaves no pool behind that every rotation would probe', async () => {
  const { credentials } = await open()
  const connection = { host: database.host, port: database.port, database: 'app' }
  expect(() => knexFactory(leasedKnex({ client: 'pg', connection, pool: { min: 3, max: 1 } }, credentials))).toThrow(
    /max is smaller/,
  )
  expect(credentials.status().pools).toHaveLength(1)
})

test('destroy() closes every socket, and initialize() opens a pool that follows rotations again', async () => {
  const { db, credentials } = await open()
  await who(db)
  await db.destroy()
  expect(await database.sessions()).toEqual([])
  expect(credentials.status().pools).toEqual([])
  db.initialize()
  const old = await who(db)
  await credentials.rotate()
  expect(await who(db)).toBe(credentials.current().username)
  await poll(
    'the old user has no session',
    () => sessionsOf(old),
    (count) => count === 0,
  )
})

test('two Knex instances from one config have pools of their own', async () => {
  const { credentials } = await open()
  const connection = { host: database.host, port: database.port, database: 'app' }
  const config = leasedKnex({ client: 'pg', connection, pool: { min: 0, max: 1 } }, credentials)
  const [one, two] = [knexFactory(config), knexFactory(config)]
  await Promise.all([one.raw('SELECT 1'), two.raw('SELECT 1')])
  expect(credentials.status().pools.filter(({ sockets }) => sockets === 1)).toHaveLength(2)
  await one.destroy()
  expect(await who(two)).toBe(credentials.current().username)
  await two.destroy()
})

test('keeps no password where inspect or JSON would show it', async () => {
  const { inspect } = await import('node:util')
  const { db, credentials } = await open()
  await who(db)
  const { password } = credentials.current()
  expect(inspect(db.client, { depth: 8 })).not.toContain(password)
  expect(JSON.stringify(db.client.config)).not.toContain(password)
})

test('a connection that tarn has stopped waiting for is cut, and its slot is free again', async () => {
  const proxy = await startProxy(database.port)
  const connection = { host: database.host, port: proxy.port, database: 'app' }
  const { db, credentials } = await open({ connection, pool: { min: 0, max: 1, createTimeoutMillis: 300 } })
  proxy.hang()
  await expect(who(db)).rejects.toThrow(/timed out|terminated|Timeout/)
  const sockets = (): number => credentials.status().pools[0]!.sockets
  await poll('no slot is taken', sockets, (count) => count === 0)
  proxy.letGo()
  expect(await poll('it serves', () => who(db).catch(() => undefined), (user) => user !== undefined)).toBe(credentials.current().username) // prettier-ignore
  await db.destroy()
  await proxy.close()
})

test('a connection that is being prepared at the drain deadline is made again with the new user', async () => {
  let isPrepared = false
  const proxy = await startProxy(database.port, (sent) => {
    if (isPrepared || !sent.includes('SET ROLE')) return
    isPrepared = true
    proxy.hang()
    proxy.letNewPass()
  })
  const connection = { host: database.host, port: proxy.port, database: 'app' }
  const { db, credentials } = await open({ connection }, { assumeRole: 'app_rw' }, { drainDeadlineMs: 100 })
  const asked = who(db)
  await poll('it is being prepared', () => isPrepared, (is) => is) // prettier-ignore
  await credentials.rotate()
  expect(await asked).toBe(credentials.current().username)
  expect(credentials.generation).toBe(2)
  await db.destroy()
  await proxy.close()
})

test('a `connection` function that fails later on ends no process, and what is borrowed is closed at the drain deadline', async () => {
  let isAway = false
  const where = { host: database.host, port: database.port, database: 'app', expirationChecker: () => isAway }
  const connection = (): Promise<Knex.PgConnectionConfig> => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(where))
  const { db, credentials } = await open({ connection }, {}, { drainDeadlineMs: 100 })
  const log = logEvents(credentials)
  const transaction = await db.transaction()
  await credentials.rotate()
  isAway = true
  await poll('it has drained', () => log.of('drained'), (events) => events.length > 0) // prettier-ignore
  expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'deadline' }])
  await transaction.rollback().catch(() => undefined)
})

test('a `connection` function is asked when Knex would ask it: what it fails with later is no reason not to rotate', async () => {
  let asked = 0
  const where = { host: database.host, port: database.port, database: 'app' }
  const connection = (): Promise<Knex.PgConnectionConfig> =>
    (asked += 1) === 1 ? Promise.resolve(where) : Promise.reject(new Error('away'))
  const { db, credentials } = await open({ connection })
  await who(db)
  await credentials.rotate()
  expect(await who(db)).toBe(credentials.current().username)
  expect(asked).toBe(1)
})
