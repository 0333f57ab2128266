import { fixedCredentials, OptionError, type LeasedCredentials } from '@leasepool/core'
import { leasedDataSource, type DataSourceCredentials } from '@leasepool/typeorm-adapter'
import { Client, Pool, type PoolConfig } from 'pg'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest'

let credentials: LeasedCredentials
beforeAll(async () => void (credentials = await fixedCredentials({ username: 'app', password: 'of-app' })))
afterAll(() => credentials.close())

const refused = (options: unknown, by: unknown = credentials, leased: unknown = {}): OptionError => {
  try {
    leasedDataSource(options as DataSourceOptions, by as DataSourceCredentials, leased as never)
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('It was taken')
}

describe('options', () => {
  test('gives back options of the same type, otherwise unchanged; TypeORM takes them', () => {
    const options = { type: 'postgres', host: 'db.internal', database: 'app', synchronize: false, entities: [] } as const
    const leased = leasedDataSource({ ...options, entities: [] }, credentials)
    expect(leased).toMatchObject(options)
    expectTypeOf(leased.type).toEqualTypeOf<'postgres'>()
    expectTypeOf(() => leasedDataSource({} as DataSourceOptions, credentials)).returns.toEqualTypeOf<DataSourceOptions>()
    expect(new DataSource(leasedDataSource({ type: 'mysql', database: 'app' }, credentials)).options.type).toBe('mysql')
  })

  test.each([
    [{ type: 'aurora-mysql' }, /type": expected one of "postgres".* got "aurora-mysql", whose Data API has neither a pool/],
    [{ type: 'aurora-postgres' }, /whose Data API/],
    [{ type: 'sqljs' }, /leasedDataSource.type": expected .* got "sqljs"/],
    [{ type: 'toString' }, /leasedDataSource.type/],
    [{ type: undefined }, /leasedDataSource.type/],
    [undefined, /leasedDataSource.options/],
    [{ type: 'postgres' }, /leasedDataSource.database": expected the name of a database/],
    [{ type: 'postgres', url: 'postgres://admin:hunter2@:port' }, /leasedDataSource.connectionString": expected a URL/],
    [{ type: 'mysql', url: 'mysql://admin:hunter2@:port' }, /leasedDataSource.url": expected a URL .* got a string that is none/],
    [{ type: 'mysql', driver: {} }, /leasedDataSource.driver": expected .* got one without createPool and createPoolCluster/],
    [
      { type: 'postgres', replication: { master: { database: 'app' }, slaves: [{}] } },
      /replication\.slaves\[0\]\.database": expected/,
    ],
  ])('refuses %o', (options, message) => {
    const error = refused(options)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('hunter2')
  })

  test('refuses credentials that do not fit', async () => {
    const postgres = { type: 'postgres', database: 'app' }
    const node = { database: 'app' }
    const replicated = { type: 'postgres', replication: { master: node, slaves: [node, node] } }
    expect(refused(postgres, null).message).toMatch(/leasedDataSource.credentials": expected LeasedCredentials/)
    expect(refused(postgres, { master: credentials, slaves: [] }).message).toMatch(/there is no replication/)
    expect(refused(replicated, { master: credentials }).message).toMatch(/credentials.slaves": expected LeasedCredentials/)
    expect(refused(replicated, { master: credentials, slaves: [credentials] }).message).toMatch(/one for each of 2 slaves/)
    expect(refused(postgres, credentials, { acquireTimeoutMs: 1 }).message).toMatch(/leasedDataSource.acquireTimeoutMs/)
    leasedDataSource({ type: 'mysql' }, credentials, { acquireTimeoutMs: 1 })
    expect(refused(postgres, credentials, { pingTimeoutMS: 1 }).message).toMatch(/expected "pingTimeoutMs"/)
  })

  test('every part of a url of pg is kept, and what the url says wins', () => {
    const url = 'postgres://admin:hunter2@db.internal:5433/shop?application_name=web&sslmode=disable'
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const leased = leasedDataSource({ type: 'postgres', url, host: 'other', extra: { min: 2 } }, credentials)
    expect(leased).toMatchObject({ host: 'db.internal', port: 5433, database: 'shop', ssl: false })
    expect(leased.extra).toMatchObject({ min: 2, application_name: 'web' })
    expect(Object.keys(leased)).not.toEqual(expect.arrayContaining(['url']))
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      expect.stringMatching(/^leasedDataSource: user and password .* are not used/),
    ])
    warned.mockRestore()
  })

  test('a url of MySQL is taken apart as TypeORM does it, whatever the password holds', () => {
    const leased = leasedDataSource({ type: 'mysql', url: 'mysql://admin:hun#t?e@r2@db.internal:3307/shop%20one' }, credentials)
    expect(leased).toMatchObject({ host: 'db.internal', port: 3307, database: 'shop one' })
    expect(JSON.stringify(leased)).not.toMatch(/hun|admin/)
  })

  test('the app’s own module of the driver is used, and pg-native never', () => {
    class Mine extends Client {}
    const leased = leasedDataSource(
      { type: 'postgres', database: 'app', driver: { Pool, Client: Mine, native: {} } },
      credentials,
    )
    const driver = leased.driver as { native: unknown; Pool: new (config: PoolConfig) => Pool }
    expect(driver.native).toBeUndefined()
    const pool = new driver.Pool({ database: 'app' })
    expect(pool).toBeInstanceOf(Pool)
    const { Client: Made } = (pool as unknown as { options: { Client: { prototype: object } } }).options
    expect(Made.prototype).toBeInstanceOf(Mine)
    void pool.end()
  })
})
