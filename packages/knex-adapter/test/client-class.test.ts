import { OptionError } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knexFactory, { type Knex } from 'knex'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { bedOn } from './support'

let server: ContractServer
beforeAll(async () => void (server = await startServer('postgres')))
afterAll(() => server.stop())

const bed = bedOn(() => server, knexFactory)
const { open, who } = bed
afterEach(() => bed.close())

const Pg = knexFactory({ client: 'pg' }).client.constructor as new (config: object) => Record<string, unknown>
const client = (made: unknown): Partial<Knex.Config> => ({ client: made as typeof Knex.Client })

test('what cannot be served is refused with the option’s name', async () => {
  const { credentials } = await open()
  const connection = { database: 'app' }
  for (const client of ['mysql', 'sqlite3', 'better-sqlite3', 'pgnative', 'redshift', 'oracledb', 'mssql', 7, undefined]) {
    expect(() => leasedKnex({ client, connection } as Knex.Config, credentials)).toThrow(/leasedKnex.client.*"pg"/)
  }
  expect(() => leasedKnex({ client: 'mysql', connection }, credentials)).toThrow(/\(mysql2 takes its place\)/)
  expect(() => leasedKnex({ client: 'pg', connection: { host: 'db' } }, credentials)).toThrow(/leasedKnex.connection.database/)
  expect(() => leasedKnex({ client: 'pg' }, credentials)).toThrow(/leasedKnex.connection/)
  expect(() => leasedKnex({ client: 'pg', connection }, credentials, { pingTimeoutMS: 1 } as never)).toThrow(
    /expected "pingTimeoutMs"/,
  )
  expect(() => leasedKnex({ client: 'pg', connectionPool: {} } as never, credentials)).toThrow(OptionError)
})

test('a class of a driver that cannot be served is refused by its name', async () => {
  const { credentials } = await open()
  for (const name of ['mysql', 'redshift', 'pgnative']) {
    const Base = knexFactory({ client: name }).client.constructor as new () => object
    const made = { client: class extends Base {}, connection: { database: 'app' } }
    expect(() => leasedKnex(made as unknown as Knex.Config, credentials)).toThrow(/leasedKnex.client.* a client class for /)
  }
})

test('a class without a member that is needed is refused, and the member named', async () => {
  const { credentials } = await open()
  class Lacking extends Pg {}
  Object.assign(Lacking.prototype, { getPoolSettings: undefined, cancelQuery: undefined })
  const made = { ...client(Lacking), connection: { database: 'app' } }
  expect(() => leasedKnex(made, credentials)).toThrow(
    'Option "leasedKnex.client": expected a client class of Knex 3, got one without getPoolSettings and cancelQuery',
  )
})

test('a class with a pool of its own is refused when the pool is made, and leaves none behind', async () => {
  const { credentials } = await open()
  const connection = { database: 'app' }
  class OwnPool extends Pg {
    initializePool(): void {
      this['pool'] = { acquire: () => undefined }
    }
  }
  class OwnTarn extends Pg {
    initializePool(): void {
      this['pool'] = { on: () => undefined, release: () => undefined }
    }
  }
  for (const Class of [OwnPool, OwnTarn]) {
    expect(() => knexFactory(leasedKnex({ ...client(Class), connection }, credentials))).toThrow(
      /leasedKnex.client": expected a client class with Knex's own pool, got one with another/,
    )
  }
  expect(credentials.status().pools).toHaveLength(1)
})

test('the client for CockroachDB, as far as PostgreSQL can tell', async () => {
  const { db, credentials } = await open({ config: { client: 'cockroachdb' } })
  const old = await who(db)
  await db.transaction(async (trx) => {
    await credentials.rotate()
    expect(await who(trx)).toBe(old)
  })
  expect(await who(db)).toBe(credentials.current().username)
  await expect(db.raw('SELECT pg_sleep(20)').timeout(100, { cancel: true })).rejects.toThrow(/timeout of 100ms exceeded/)
  expect(db.client.constructor.prototype.driverName).toBe('cockroachdb')
})

test('dialect in place of client', async () => {
  const { db, credentials } = await open({ config: { client: undefined, dialect: 'pg' } as never })
  expect(await who(db)).toBe(credentials.current().username)
})

test('takes a client class made from Knex’s own, and its overrides stay', async () => {
  class Loud extends Pg {
    wrapIdentifierImpl(value: string): string {
      return (Pg.prototype['wrapIdentifierImpl'] as (value: string) => string)(value.toLowerCase())
    }
  }
  const { db } = await open({ config: client(Loud) })
  expect(await db('ITEM').where('ID', 7).first()).toMatchObject({ id: 7 })
})
