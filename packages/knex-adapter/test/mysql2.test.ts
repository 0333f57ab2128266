import { fixedCredentials, LeasedCredentials, type LeasedPoolOptions } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knexFactory, { type Knex } from 'knex'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { logEvents } from '../../../test/support/app'
import { hasMySql } from '../../../test/support/mysql'
import { poll } from '../../../test/support/poll'
import { startProxy } from '../../../test/support/proxy'
import { UserSource } from '../../../test/support/user-source'

if (!hasMySql) console.warn('Skipped, there is no MySQL: leasedKnex with mysql2 on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

test('user and password in a connection are dropped with a warning that shows neither', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const credentials = await fixedCredentials({ username: 'app', password: 'of-app' })
  const connection = 'mysql://admin:hunter2@db.internal:3307/app?dateStrings=true'
  expect(leasedKnex({ client: 'mysql2', connection }, credentials).connection).toEqual({
    host: 'db.internal',
    port: '3307',
    database: 'app',
    dateStrings: true,
  })
  expect(warned.mock.calls.map(([message]) => message)).toEqual([
    "leasedKnex.connection: user and password in the connection configuration are not used; leasepool logs in with the lease's own",
  ])
  warned.mockRestore()
  await credentials.close()
})

describe('MariaDB', () => on('mariadb'))
describe.skipIf(!hasMySql)('MySQL', () => on('mysql'))

function on(kind: 'mariadb' | 'mysql'): void {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  interface Opened {
    db: Knex
    credentials: LeasedCredentials
    source: UserSource
  }
  const opened: Opened[] = []

  async function open(config: Partial<Knex.Config> = {}, leased: LeasedPoolOptions = {}): Promise<Opened> {
    const source = new UserSource(server)
    const credentials = await LeasedCredentials.start(source, { closeTimeoutMs: 500 })
    const { host, port, database } = server
    const connection = { host, port, database }
    const db = knexFactory(leasedKnex({ client: 'mysql2', connection, pool: { min: 0, max: 3 }, ...config }, credentials, leased))
    opened.push({ db, credentials, source })
    return { db, credentials, source }
  }

  afterEach(async () => {
    for (const { db, credentials, source } of opened.splice(0)) {
      await db.destroy()
      await credentials.close()
      const left = async (): Promise<string[]> => (await server.users()).filter((user) => user.startsWith(source.prefix))
      await poll('no user is left', left, (users) => users.length === 0)
      await poll('no session is left', () => server.sessions(source.prefix), (count) => count === 0) // prettier-ignore
    }
  })

  const rows = async (asked: PromiseLike<unknown>): Promise<Record<string, unknown>[]> =>
    ((await asked) as [Record<string, unknown>[]])[0]
  const who = async (db: Knex | Knex.Transaction): Promise<string> => String((await rows(db.raw(server.who)))[0]!['who'])
  const threadOf = async (db: Knex | Knex.Transaction): Promise<unknown> =>
    (await rows(db.raw('SELECT CONNECTION_ID() AS id')))[0]!['id']
  const untilStopped = (sleepSeconds: number): Promise<unknown> =>
    poll(
      'the query has stopped',
      () => server.sql(`SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(${sleepSeconds})%'`),
      (running) => running.length === 0,
    )

  test('a transaction with savepoints goes on across a rotation; its connection is closed on release', async () => {
    const { db, credentials } = await open({ pool: { min: 0, max: 2 } })
    const old = credentials.current().username
    await db.transaction(async (trx) => {
      expect(await who(trx)).toBe(old)
      await credentials.rotate()
      await trx.transaction(async (inner) => void (await inner('item').insert({ label: 'inside' })))
      const undone = trx.transaction(async (inner) => {
        await inner('item').where({ label: 'inside' }).delete()
        throw new Error('undo this')
      })
      await expect(undone).rejects.toThrow('undo this')
      expect(await trx('item').where({ label: 'inside' })).toHaveLength(1)
      expect(await who(trx)).toBe(old)
      expect(await who(db)).toBe(credentials.current().username)
    })
    await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
    expect(await db('item').where({ label: 'inside' }).delete()).toBe(1)
  })

  test('a transaction provider and one that is rolled back give their connections back', async () => {
    const { db, credentials } = await open({ pool: { min: 0, max: 1 } })
    const trx = await db.transactionProvider()()
    await credentials.rotate()
    await trx('item').insert({ label: 'never kept' })
    await trx.rollback()
    expect(await db('item').where({ label: 'never kept' })).toEqual([])
    expect(await who(db)).toBe(credentials.current().username)
  })

  test('a stream goes on across a rotation', async () => {
    const { db, credentials } = await open()
    let count = 0
    for await (const _ of db('item').select('id').limit(900).stream({ highWaterMark: 10 })) {
      count += 1
      if (count === 100) await credentials.rotate()
    }
    expect(count).toBe(900)
    expect(await who(db)).toBe(credentials.current().username)
  })

  test('concurrent streams, transactions and failing statements never share a connection', async () => {
    const { db } = await open()
    const stream = async (): Promise<number> => {
      let count = 0
      for await (const _ of db('item').select('id').limit(200).stream()) count += 1
      return count
    }
    const failing = (): Promise<unknown> =>
      db.raw('SELECT no_such_column FROM item').catch((error: { code: string }) => error.code)
    const work = Array.from({ length: 120 }, (_, n) =>
      n % 3 === 0 ? stream() : n % 3 === 1 ? db.transaction((trx) => who(trx)) : failing(),
    )
    const results = await Promise.all(work)
    expect(results.filter((_, n) => n % 3 === 0).every((count) => count === 200)).toBe(true)
    expect(results.filter((_, n) => n % 3 === 2).every((code) => code === 'ER_BAD_FIELD_ERROR')).toBe(true)
  })

  test('timeout(ms, { cancel: true }) cancels a query that an earlier user started', async () => {
    const { db, credentials } = await open()
    const slow = db.raw('SELECT SLEEP(21)').timeout(400, { cancel: true })
    const failed = expect(slow).rejects.toThrow(/Defined query timeout of 400ms exceeded/)
    await poll('it runs', () => server.sessions(credentials.current().username), (count) => count === 1) // prettier-ignore
    await credentials.rotate()
    await failed
    await untilStopped(21)
    expect(await who(db)).toBe(credentials.current().username)
  })

  test('what is cancelled inside a transaction leaves the transaction as it was', async () => {
    const { db } = await open()
    await db.transaction(async (trx) => {
      await trx('item').insert({ label: 'before' })
      const thread = await threadOf(trx)
      await expect(trx.raw('SELECT SLEEP(22)').timeout(100, { cancel: true })).rejects.toThrow(/timeout of 100ms exceeded/)
      expect(await threadOf(trx)).toBe(thread)
      expect(await trx('item').where({ label: 'before' }).delete()).toBe(1)
    })
    await untilStopped(22)
  })

  test('with no slot to cancel by, the connection is closed, the query ended on the server, and max kept', async () => {
    const proxy = await startProxy(server.port)
    const { host, database } = server
    const connection = { host, port: proxy.port, database }
    const { db } = await open({ connection, pool: { min: 0, max: 1 } })
    await expect(db.raw('SELECT SLEEP(23)').timeout(100, { cancel: true })).rejects.toThrow(/timeout of 100ms exceeded/)
    await untilStopped(23)
    expect(await rows(db.raw('SELECT 1 AS one'))).toEqual([{ one: 1 }])
    expect(proxy.peak).toBe(1)
    await db.destroy()
    await proxy.close()
  })

  test('a cancel that comes too late does not hit the next query', async () => {
    const { db } = await open()
    const connection = (await db.client.acquireConnection()) as object
    for (let n = 0; n < 20; n++) {
      await db.client.cancelQuery(connection)
      expect(await rows(db.raw('SELECT COUNT(*) > 0 AS some FROM item').connection(connection))).toEqual([{ some: 1 }])
    }
    await db.client.releaseConnection(connection)
  })

  test('afterCreate, validate, withUserParams and acquireConnectionTimeout keep their meaning', async () => {
    const validated: unknown[] = []
    const { db, credentials } = await open({
      acquireConnectionTimeout: 1_000,
      pool: {
        min: 0,
        max: 1,
        afterCreate: (
          connection: { query(sql: string, done: (error: Error | null) => void): void },
          done: (error: Error | null) => void,
        ) => connection.query(`SET @prepared = 'yes'`, done),
        validate: (connection: unknown) => {
          validated.push(connection)
          return true
        },
      } as never,
    })
    expect(await rows(db.raw('SELECT @prepared AS prepared'))).toEqual([{ prepared: 'yes' }])
    expect(validated.length).toBeGreaterThan(0)
    expect(await who(db.withUserParams({ tenant: 7 }))).toBe(credentials.current().username)
    await db.transaction(async () => {
      await expect(db.raw('SELECT 1')).rejects.toThrow(/Timeout acquiring a connection/)
    })
    expect(await who(db)).toBe(credentials.current().username)
  })

  test('connections that afterCreate refuses are closed: they leak no slot', async () => {
    let refused = 0
    const { db, source } = await open({
      pool: {
        min: 0,
        max: 2,
        afterCreate: (_: unknown, done: (error: Error | null) => void) =>
          done((refused += 1) <= 4 ? new Error('not this one') : null),
      },
    })
    for (let n = 0; n < 4; n++) await expect(db.raw('SELECT 1')).rejects.toThrow('not this one')
    await poll('the refused connections are gone', () => server.sessions(source.prefix), (count) => count === 0) // prettier-ignore
    expect(await Promise.all([who(db), who(db)])).toHaveLength(2)
  })

  test('connection as a string, with a uri, as a function and as an async function; a user in it is dropped', async () => {
    const { host, port, database } = server
    const url = `mysql://admin:hunter2@${host}:${port}/${database}`
    const forms: unknown[] = [
      `${url}?dateStrings=true`,
      { uri: url },
      () => ({ host, port, database, user: 'admin', password: 'hunter2', expirationChecker: () => false }),
      async () => Promise.resolve({ host, port, database }),
    ]
    for (const connection of forms) {
      const { db, credentials } = await open({ connection } as Knex.Config)
      const log = logEvents(credentials)
      expect(await who(db)).toBe(credentials.current().username)
      await credentials.rotate()
      expect(log.of('probeFailed')).toEqual([])
      expect(await who(db)).toBe(credentials.current().username)
    }
    expect((await rows(opened[0]!.db.raw('SELECT NOW() AS now')))[0]!['now']).toBeTypeOf('string')
  })

  test('destroy() closes every socket, and initialize() opens a pool that follows rotations again', async () => {
    const { db, credentials, source } = await open()
    await Promise.all([who(db), who(db)])
    await db.destroy()
    await poll('no session is left', () => server.sessions(source.prefix), (count) => count === 0) // prettier-ignore
    expect(credentials.status().pools).toEqual([])
    db.initialize()
    const old = await who(db)
    await credentials.rotate()
    expect(await who(db)).toBe(credentials.current().username)
    await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
  })

  test('a connection that tarn closes and whose server does not answer to goodbye gives its slot back', async () => {
    const proxy = await startProxy(server.port)
    const { host, database } = server
    const connection = { host, port: proxy.port, database }
    const pool = { min: 0, max: 1, idleTimeoutMillis: 50, reapIntervalMillis: 50 }
    const { db, credentials } = await open({ connection, pool })
    await who(db)
    proxy.hang()
    proxy.letNewPass()
    const sockets = (): number => credentials.status().pools[0]!.sockets
    await poll('it is closed', () => sockets(), (open) => open === 0, 10_000) // prettier-ignore
    expect(await who(db)).toBe(credentials.current().username)
    await db.destroy()
    await proxy.close()
  })

  test('keeps no password where inspect or JSON would show it', async () => {
    const { db, credentials } = await open()
    const connection = (await db.client.acquireConnection()) as object
    const { password } = credentials.current()
    expect(inspect(db.client, { depth: 12 })).not.toContain(password)
    expect(inspect(connection, { depth: 6 })).not.toContain(password)
    expect(JSON.stringify(db.client.config)).not.toContain(password)
    await db.client.releaseConnection(connection)
  })

  test('what mysql2 cannot be given is refused with the option’s name, and no password is shown', async () => {
    const { credentials } = await open()
    const refused =
      (connection: unknown): (() => unknown) =>
      () =>
        leasedKnex({ client: 'mysql2', connection } as Knex.Config, credentials)
    expect(refused({ stream: () => undefined })).toThrow(/leasedKnex.connection.stream/)
    expect(refused('mysql://admin:hunter2@:port')).toThrow(/leasedKnex.connection": expected a URL .* got a string that is none/)
    expect(refused({ uri: 'mysql://admin:hunter2@:port' })).toThrow(/leasedKnex.connection.uri": expected a URL .* none/)
    expect(() => leasedKnex({ client: 'mysql', connection: {} }, credentials)).toThrow(/mysql2 takes its place/)
  })
}
