import { LeasedCredentials, type LeasedPoolOptions } from '@leasepool/core'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import * as latest from 'typeorm'
import * as older from 'typeorm-0.3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { poll } from '../../../test/support/poll'
import { UserSource } from '../../../test/support/user-source'
import { itemOf, type Item } from './entities'

// What is used of both is the same; the types are those of the latest.
const VERSIONS = { 'TypeORM 1': latest, 'TypeORM 0.3': older as unknown as typeof latest }

for (const [version, typeorm] of Object.entries(VERSIONS)) {
  describe(`${version} on postgres`, () => on('postgres', typeorm))
  describe(`${version} on mariadb`, () => on('mariadb', typeorm))
}

/** Options of TypeORM that do something with its connections: all of them as with its own pools, before and after a rotation. */
function on(type: 'postgres' | 'mariadb', { DataSource, EntitySchema, EventSubscriber }: typeof latest): void {
  const isPostgres = type === 'postgres'
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(type)))
  afterAll(() => server.stop())

  let credentials: LeasedCredentials
  let dataSource: latest.DataSource
  const open = async (options: object = {}, leased: LeasedPoolOptions = {}): Promise<latest.DataSource> => {
    credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
    const { host, port, database } = server
    const config = { type, host, port, database, poolSize: 3, ...options } as latest.DataSourceOptions
    dataSource = new DataSource(leasedDataSource(config, credentials, leased))
    return dataSource.initialize()
  }
  afterEach(async () => {
    await closeDataSource(dataSource)
    await credentials.close()
  })
  const tables = async (like: string): Promise<unknown[]> => {
    const sql = `SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE '${like}'`
    return ((await dataSource.query(sql)) as { name: string }[]).map(({ name }) => name)
  }

  test.runIf(isPostgres)('dropSchema and synchronize make the tables anew', async () => {
    const Made = (name: string) =>
      new EntitySchema<Item>({ name, columns: { id: { type: 'int', primary: true }, label: { type: 'varchar', length: 9 } } })
    const schema = `made_${Math.random().toString(36).slice(2, 10)}` // what is in it is dropped
    await server.sqlInDatabase(`CREATE SCHEMA ${schema}; GRANT ALL ON SCHEMA ${schema} TO ${server.owner}`)
    const leased = { assumeRole: server.owner }
    await open({ schema, entities: [Made('made_one')], synchronize: true }, leased)
    expect(await tables('made%')).toEqual(['made_one'])
    await closeDataSource(dataSource)
    await credentials.close()
    await open({ schema, entities: [Made('made_two')], dropSchema: true, synchronize: true }, leased)
    expect(await tables('made%')).toEqual(['made_two'])
    await credentials.rotate()
    await dataSource.synchronize(true)
    expect(await tables('made%')).toEqual(['made_two'])
    await server.sqlInDatabase(`DROP SCHEMA ${schema} CASCADE`)
  })

  test('subscribers hear what happens, also in a transaction across a rotation', async () => {
    const heard: string[] = []
    class Listener {
      listenTo = (): string => 'Item'
      afterInsert = ({ entity }: { entity: Item }): void => void heard.push(`inserted ${entity.label}`)
      beforeTransactionCommit = (): void => void heard.push('commits')
      afterTransactionCommit = (): void => void heard.push('committed')
    }
    EventSubscriber()(Listener)
    await open({ entities: [itemOf(EntitySchema)], subscribers: [Listener] })
    await dataSource.transaction(async (manager) => {
      await manager.save('Item', { label: 'heard of' })
      await credentials.rotate()
    })
    expect(heard).toEqual(['inserted heard of', 'commits', 'committed'])
    await dataSource.getRepository<Item>('Item').delete({ label: 'heard of' })
  })

  test('setOptions() before initialize() counts', async () => {
    credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
    const { host, port, database } = server
    const config = { type, host, port, database, poolSize: 1 } as latest.DataSourceOptions
    dataSource = new DataSource(leasedDataSource(config, credentials))
    dataSource.setOptions({ entities: [itemOf(EntitySchema)] })
    await dataSource.initialize()
    expect(await dataSource.getRepository<Item>('Item').countBy({ id: 7 })).toBe(1)
    await credentials.rotate()
    expect(await dataSource.getRepository<Item>('Item').countBy({ id: 7 })).toBe(1)
  })

  test('the logger hears queries, slow ones and failures', async () => {
    const lines: [string, unknown][] = []
    const note =
      (kind: string) =>
      (...[first, second]: unknown[]): void =>
        void lines.push([kind, kind === 'query' || kind === 'slow' ? second : first])
    const logger = {
      logQuery: (sql: string) => note('query')(undefined, sql),
      logQueryError: (error: Error | string) => note('error')(String((error as Error).message ?? error)),
      logQuerySlow: (_: number, sql: string) => note('slow')(undefined, sql),
      logSchemaBuild: () => undefined,
      logMigration: () => undefined,
      log: () => undefined,
    }
    await open({ logger, logging: true, maxQueryExecutionTime: 20 })
    await credentials.rotate()
    const slow = server.sleep(60)
    await dataSource.query(slow)
    await expect(dataSource.query('SELECT no_such_column')).rejects.toThrow()
    expect(lines).toContainEqual(['query', slow])
    expect(lines).toContainEqual(['slow', slow])
    expect(lines.filter(([kind]) => kind === 'error')).toMatchObject([
      [/* one */ 'error', expect.stringContaining('no_such_column')],
    ])
  })

  test.runIf(isPostgres)('applicationName is set in every session, and notices are logged', async () => {
    const told: string[] = []
    const logger = { log: (_: string, message: unknown) => told.push(String(message)), logQuery: () => undefined, logQueryError: () => undefined, logQuerySlow: () => undefined, logSchemaBuild: () => undefined, logMigration: () => undefined } // prettier-ignore
    await open({ applicationName: 'shop', logNotifications: true, logging: ['info'], logger })
    const name = async (): Promise<unknown> =>
      ((await dataSource.query(`SELECT current_setting('application_name') AS name`)) as { name: unknown }[])[0]!.name
    expect(await name()).toBe('shop')
    await credentials.rotate()
    expect(await name()).toBe('shop')
    await dataSource.query(`DO $$ BEGIN RAISE NOTICE 'look here'; END $$`)
    await poll('the notice is logged', () => told, (all) => all.some((text) => text.includes('look here'))) // prettier-ignore
  })

  test.runIf(isPostgres)('installExtensions and extensions do what they say', async () => {
    await server.sqlInDatabase(`GRANT CREATE ON DATABASE app TO ${server.owner}`)
    const installed = async (): Promise<number> =>
      ((await dataSource.query(`SELECT extname FROM pg_extension WHERE extname = 'hstore'`)) as unknown[]).length
    const entity = new EntitySchema<{ id: number; more: object }>({
      name: 'with_hstore',
      columns: { id: { type: 'int', primary: true }, more: { type: 'hstore' } },
    })
    await open({ entities: [entity], installExtensions: false })
    expect(await installed()).toBe(0)
    await closeDataSource(dataSource)
    await credentials.close()
    await open({ entities: [entity] }, { assumeRole: server.owner })
    expect(await installed()).toBe(1)
    await closeDataSource(dataSource)
    await credentials.close()
    await server.sqlInDatabase('DROP EXTENSION hstore')
    await open()
  })

  test('the query cache is kept in its table', async () => {
    // As TypeORM makes it, which keeps the connection that it does so with.
    const id = isPostgres ? 'serial' : 'int AUTO_INCREMENT'
    const columns = `id ${id} PRIMARY KEY, identifier varchar(255), time bigint NOT NULL, duration int NOT NULL, query text NOT NULL, result text NOT NULL`
    await server.sqlInDatabase(`CREATE TABLE cached (${columns})`)
    if (isPostgres) await server.sqlInDatabase('GRANT ALL ON cached TO app_rw; GRANT ALL ON SEQUENCE cached_id_seq TO app_rw')
    await open({ entities: [itemOf(EntitySchema)], cache: { type: 'database', tableName: 'cached', duration: 60_000 } })
    const items = dataSource.getRepository<Item>('Item')
    const find = (): Promise<Item[]> => items.find({ where: { label: 'kept in the cache' }, cache: true })
    expect(await find()).toEqual([])
    await items.insert({ label: 'kept in the cache' })
    await credentials.rotate()
    expect(await find()).toEqual([])
    await dataSource.query('DELETE FROM cached')
    expect(await find()).toHaveLength(1)
    await items.delete({ label: 'kept in the cache' })
    await server.sqlInDatabase('DROP TABLE cached')
  })
}
