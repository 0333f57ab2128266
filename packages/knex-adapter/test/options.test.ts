import knexFactory, { type Knex } from 'knex'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { poll } from '../../../test/support/poll'
import { bedOn } from './support'

describe.for(['postgres', 'mariadb'] as const)('on %s', (kind) => {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  const bed = bedOn(() => server, knexFactory)
  const { open, who, rows } = bed
  afterEach(() => bed.close())

  const session = async (db: Knex): Promise<unknown> => (await rows(db.raw(server.session)))[0]!['id']

  test('expirationChecker: where the database is, is asked again when the app says so, and the user stays the lease’s', async () => {
    const { host, port, database } = server
    let asked = 0
    let isExpired = false
    const connection = (): object => {
      asked += 1
      isExpired = false
      return { host, port, database, user: 'admin', password: 'hunter2', expirationChecker: () => isExpired }
    }
    const { db, credentials } = await open({ config: { connection, pool: { min: 0, max: 1 } } as Knex.Config })
    const first = await session(db)
    expect([asked, await session(db)]).toEqual([1, first])
    isExpired = true
    expect(await session(db)).not.toBe(first)
    expect(asked).toBe(2)
    expect(await who(db)).toBe(credentials.current().username)
  })

  test('maxConnectionLifetimeMillis: a connection that is older is replaced', async () => {
    const pool = { min: 0, max: 1, maxConnectionLifetimeMillis: 100, maxConnectionLifetimeJitterMillis: 10 }
    const { db } = await open({ config: { pool } })
    const first = await session(db)
    await poll('another one is lent', () => session(db), (now) => now !== first) // prettier-ignore
  })

  test('pool: min, idle times and acquireTimeoutMillis keep their meaning, also after a rotation', async () => {
    const pool = { min: 1, max: 2, idleTimeoutMillis: 50, reapIntervalMillis: 20, acquireTimeoutMillis: 2_000 }
    const { db, credentials, source } = await open({ config: { pool } })
    await Promise.all([db.raw(server.sleep(20)), db.raw(server.sleep(20))])
    await poll('what was idle is closed, down to min', () => server.sessions(source.prefix), (count) => count === 1) // prettier-ignore
    await credentials.rotate()
    expect(await who(db)).toBe(credentials.current().username)
    await db.transaction(async () => {
      await db.transaction(() => expect(db.raw('SELECT 1')).rejects.toThrow(/Timeout acquiring a connection/))
    })
  })

  test('log, debug, wrapIdentifier, postProcessResponse and compileSqlOnError are Knex’s own', async () => {
    const said: unknown[] = []
    const say = (message: unknown): void => void said.push(message)
    const { db, credentials } = await open({
      config: {
        debug: true,
        log: { debug: say, warn: say, error: say, deprecate: say },
        wrapIdentifier: (value, wrap) => wrap(value.toLowerCase()),
        postProcessResponse: (result) => (Array.isArray(result) ? { first: (result as unknown[])[0] } : (result as unknown)),
        compileSqlOnError: false,
      } as Knex.Config,
    })
    expect(await db('ITEM').where('ID', 7).select('LABEL')).toEqual({ first: { label: 'item 7' } })
    await expect(db('item').where({ no_such: 'a secret' })).rejects.toThrow(
      /^select \* from .item. where .no_such. = (\?|\$1) - /,
    )
    expect(JSON.stringify(said)).toContain('select')
    expect(JSON.stringify(said)).not.toContain(credentials.current().password)
  })
})
