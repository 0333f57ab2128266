import { LeasedCredentials, type LeasedPoolOptions } from '@leasepool/core'
import { closeDataSource, leasedDataSource, type DataSourceCredentials } from '@leasepool/typeorm-adapter'
import { inspect } from 'node:util'
import * as latest from 'typeorm'
import * as older from 'typeorm-0.3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { logEvents } from '../../../test/support/app'
import { hasMySql } from '../../../test/support/mysql'
import { poll } from '../../../test/support/poll'
import { UserSource } from '../../../test/support/user-source'
import { startDoor } from './door'
import { itemOf, type Item } from './entities'

if (!hasMySql) console.warn('Skipped, there is no MySQL: leasedDataSource on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

// What is used of both is the same; the types are those of the latest.
const VERSIONS = { 'TypeORM 1': latest, 'TypeORM 0.3': older as unknown as typeof latest }

for (const [version, typeorm] of Object.entries(VERSIONS)) {
  describe(`${version} on postgres`, () => on('postgres', typeorm))
  describe(`${version} on mariadb`, () => on('mariadb', typeorm))
  describe.skipIf(!hasMySql)(`${version} on mysql`, () => on('mysql', typeorm))
}

function on(type: 'postgres' | 'mariadb' | 'mysql', { DataSource, EntitySchema }: typeof latest): void {
  const isPostgres = type === 'postgres'
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(type)))
  afterAll(() => server.stop())

  const sources: UserSource[] = []
  const opened: latest.DataSource[] = []
  const handles: LeasedCredentials[] = []

  async function issue(): Promise<LeasedCredentials> {
    const source = new UserSource(server)
    sources.push(source)
    const credentials = await LeasedCredentials.start(source, { closeTimeoutMs: 500 })
    handles.push(credentials)
    return credentials
  }

  const where = () => ({ host: server.host, port: server.port, database: server.database })

  function make(options: object, credentials: DataSourceCredentials, leased?: LeasedPoolOptions): latest.DataSource {
    const Entity = itemOf(EntitySchema)
    const config = { type, ...where(), poolSize: 3, entities: [Entity], ...options } as latest.DataSourceOptions
    const dataSource = new DataSource(leasedDataSource(config, credentials, leased))
    opened.push(dataSource)
    return dataSource
  }

  async function open(options: object = {}, leased?: LeasedPoolOptions) {
    const credentials = await issue()
    const dataSource = await make(options, credentials, leased).initialize()
    return { dataSource, credentials, items: dataSource.getRepository<Item>('Item') }
  }

  const sessions = async (): Promise<number> => {
    const counts = await Promise.all(sources.map(({ prefix }) => server.sessions(prefix)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  afterEach(async () => {
    for (const dataSource of opened.splice(0)) if (dataSource.isInitialized) await closeDataSource(dataSource)
    for (const credentials of handles.splice(0)) await credentials.close()
    await poll('no session is left', sessions, (count) => count === 0)
    const left = async (): Promise<string[]> =>
      (await server.users()).filter((user) => sources.some(({ prefix }) => user.startsWith(prefix)))
    await poll('no user is left', left, (users) => users.length === 0)
    sources.length = 0
  })

  const who = async (on: { query(sql: string): Promise<unknown> }): Promise<unknown> =>
    ((await on.query(server.who)) as { who: unknown }[])[0]!.who

  test('entities, transactions and savepoints across rotations', async () => {
    const { dataSource, credentials, items } = await open()
    const old = credentials.current().username
    const saved = await items.save({ label: 'one' } as Item)
    await dataSource.transaction(async (manager) => {
      expect(await who(manager)).toBe(old)
      await manager.update('Item', { id: saved.id }, { label: 'two' })
      await credentials.rotate()
      const undone = manager.transaction(async (inner) => {
        await inner.update('Item', { id: saved.id }, { label: 'three' })
        throw new Error('undo this')
      })
      await expect(undone).rejects.toThrow('undo this')
      expect(await who(manager)).toBe(old)
      expect(await who(dataSource)).toBe(credentials.current().username)
    })
    await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
    expect(await items.findOneBy({ id: saved.id })).toMatchObject({ label: 'two' })
    await items.delete(saved.id)
    expect(await who(dataSource)).toBe(credentials.current().username)
  })

  test('a query runner is held across rotations, and its connection closed when it is released', async () => {
    const { dataSource, credentials } = await open({ poolSize: 2 })
    const old = credentials.current().username
    const runner = dataSource.createQueryRunner()
    await runner.connect()
    for (let n = 0; n < 3; n++) {
      await credentials.rotate()
      expect(await who(runner)).toBe(old)
      expect(await who(dataSource)).toBe(credentials.current().username)
    }
    await runner.release()
    await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
  })

  test('a stream goes on across a rotation', async () => {
    const { dataSource, credentials } = await open()
    const runner = dataSource.createQueryRunner()
    const stream = await runner.stream('SELECT id FROM item ORDER BY id LIMIT 900')
    let count = 0
    for await (const _ of stream) if ((count += 1) === 100) await credentials.rotate()
    await runner.release()
    expect(count).toBe(900)
    expect(await who(dataSource)).toBe(credentials.current().username)
  })

  test('destroy() lets a query in flight finish and closes every socket; initialize() follows rotations again', async () => {
    const { dataSource, credentials } = await open()
    const slow = dataSource.query(`${server.sleep(1_000)}`)
    await poll('it runs', () => server.running(credentials.current().username), (count) => count > 0) // prettier-ignore
    await dataSource.destroy()
    expect(await slow).toHaveLength(1)
    await poll('no session is left', sessions, (count) => count === 0)
    expect(credentials.status().pools).toEqual([])
    await dataSource.initialize()
    const old = await who(dataSource)
    await credentials.rotate()
    expect(await who(dataSource)).not.toBe(old)
    await dataSource.destroy()
  })

  test('closeDataSource() waits for transactions and for who waits, and lets nobody new in', async () => {
    const { dataSource, credentials, items } = await open({ poolSize: 1 })
    let isClosed = false
    let closed: Promise<void> | undefined
    let waiting: Promise<unknown> | undefined
    const label = `kept by ${credentials.current().username}`
    await dataSource.transaction(async (manager) => {
      waiting = who(dataSource)
      closed = closeDataSource(dataSource).then(() => void (isClosed = true))
      await expect(dataSource.query('SELECT 1')).rejects.toThrow(/closed|after calling end/)
      await manager.save('Item', { label })
      expect(isClosed).toBe(false)
    })
    expect(await waiting).toBe(credentials.current().username)
    await closed
    await poll('no session is left', sessions, (count) => count === 0)
    await dataSource.initialize()
    expect(await items.countBy({ label })).toBe(1)
    await items.delete({ label })
  })

  test('an initialize() that fails leaves no pool behind, and can be tried again', async () => {
    const credentials = await issue()
    const door = await startDoor(server.port)
    const dataSource = make({ port: door.port }, credentials)
    await expect(dataSource.initialize()).rejects.toThrow()
    await poll('there is no pool', () => credentials.status().pools, (pools) => pools.length === 0) // prettier-ignore
    door.isOpen = true
    await dataSource.initialize()
    expect(await who(dataSource)).toBe(credentials.current().username)
    await closeDataSource(dataSource)
    await door.close()
  })

  test('an initialize() that fails on one node leaves no pool of the others behind', async () => {
    const credentials = await issue()
    const door = await startDoor(server.port)
    const dead = { ...where(), port: door.port }
    for (const replication of [{ master: dead, slaves: [where()] }, isPostgres && { master: where(), slaves: [where(), dead] }]) {
      if (replication === false) continue // TypeORM asks no slave of a cluster when it initializes
      await expect(make({ replication }, credentials).initialize()).rejects.toThrow()
      await poll('there is no pool', () => credentials.status().pools, (pools) => pools.length === 0) // prettier-ignore
    }
    await door.close()
  })

  test('replication: each node logs in with the credentials of its role, and follows its own rotations', async () => {
    const [master, slave] = [await issue(), await issue()]
    const replication = { master: where(), slaves: [where(), { ...where(), username: 'ignored' }] }
    const options = { replication, host: undefined, port: undefined, database: undefined }
    const dataSource = await make(options, { master, slaves: slave }, { name: 'shop' }).initialize()
    const user = async (mode: 'master' | 'slave'): Promise<unknown> => {
      const runner = dataSource.createQueryRunner(mode)
      try {
        return await who(runner)
      } finally {
        await runner.release()
      }
    }
    for (const rotate of [undefined, slave, master]) {
      await rotate?.rotate()
      expect(await user('master')).toBe(master.current().username)
      for (let n = 0; n < 4; n++) expect(await user('slave')).toBe(slave.current().username)
    }
    const names = [master, slave].map((each) =>
      each
        .status()
        .pools.map(({ name }) => name)
        .sort(),
    )
    expect(names).toEqual(
      isPostgres ? [['shop:master'], ['shop:slave0', 'shop:slave1']] : [['shop:MASTER'], ['shop:SLAVE0', 'shop:SLAVE1']],
    )
  })

  test('a url is taken apart; nothing that was a login is left in the options, in logs or in what inspect shows', async () => {
    const credentials = await issue()
    const log = logEvents(credentials)
    const url = `${isPostgres ? 'postgres' : 'mysql'}://admin:hunter2@${server.host}:${server.port}/${server.database}`
    const lines: string[] = []
    const logger = new Proxy({}, { get: () => (...args: unknown[]) => void lines.push(inspect(args, { depth: 1 })) }) // prettier-ignore
    const options = { url, username: 'admin', password: 'hunter2', extra: { user: 'admin', password: 'hunter2' } }
    const dataSource = await make(
      { ...options, host: undefined, port: undefined, logger, logging: true },
      credentials,
    ).initialize()
    await expect(dataSource.query('SELECT no_such_column FROM item')).rejects.toThrow(/no_such_column/)
    await credentials.rotate()
    expect(await who(dataSource)).toBe(credentials.current().username)
    expect(log.of('probeFailed')).toEqual([])
    expect(lines.length).toBeGreaterThan(1)
    expect(dataSource.options).toMatchObject({ host: server.host, port: server.port, database: server.database })
    const shown =
      lines.join('\n') + inspect(dataSource.options, { depth: 5, showHidden: true }) + inspect(dataSource, { depth: 5 })
    expect(shown).not.toContain('hunter2')
    expect(shown).not.toContain(credentials.current().password)
  })

  test('extra, poolErrorHandler and the size of the pool keep their meaning', async () => {
    const told: unknown[] = []
    const extra = isPostgres ? { application_name: 'shop' } : { dateStrings: true }
    const { dataSource, credentials } = await open({ poolSize: 2, extra, poolErrorHandler: (error: unknown) => told.push(error) })
    const asked = isPostgres ? `SELECT current_setting('application_name') AS it` : 'SELECT NOW() AS it'
    const [{ it }] = (await dataSource.query(asked)) as [{ it: unknown }]
    if (isPostgres) expect(it).toBe('shop')
    else expect(it).toBeTypeOf('string')
    await Promise.all([1, 2, 3, 4].map(() => dataSource.query(server.sleep(50))))
    expect(credentials.status().pools).toMatchObject([{ max: 2, sockets: 2 }])
    await server.endSessions(credentials.current().username)
    await poll('they are gone', () => credentials.status().pools[0]!.sockets, (count) => count === 0) // prettier-ignore
    expect(told.length > 0).toBe(isPostgres)
    expect(await who(dataSource)).toBe(credentials.current().username)
  })

  test('a user that an operator drops is replaced at the first login that is refused', async () => {
    const { dataSource, credentials } = await open()
    const old = credentials.current().username
    await server.dropUser(old)
    await poll('its connection is gone', () => credentials.status().pools[0]!.sockets, (count) => count === 0) // prettier-ignore
    expect(await who(dataSource)).toBe(credentials.current().username)
    expect(credentials.current().username).not.toBe(old)
  })
}
