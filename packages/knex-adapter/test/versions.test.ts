import { leasedKnex } from '@leasepool/knex-adapter'
import type { Knex, knex } from 'knex'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { logEvents } from '../../../test/support/app'
import { poll } from '../../../test/support/poll'
import { startProxy } from '../../../test/support/proxy'
import { bedOn } from './support'

/** The newest of each minor. The class of the copy is handed in as `client`, since the adapter's own copy is the last of these. */
const VERSIONS = { '3.0.1': 'knex-3.0', '3.1.0': 'knex-3.1', '3.2.10': 'knex-3.2', '3.3.0': 'knex' }

describe.for(['postgres', 'mariadb'] as const)('on %s', (kind) => {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  describe.for(Object.entries(VERSIONS))('Knex %s', ([version, name]) => {
    // Not imported: the types of 3.0 do not compile with the TypeScript of today.
    const factory = (require(name) as { knex: typeof knex }).knex
    const bed = bedOn(() => server, factory)
    const { who, rows } = bed
    afterEach(() => bed.close())

    test('is of that version', async () => {
      const { db } = await bed.open()
      expect(require(`${name}/package.json`)).toMatchObject({ version })
      expect(db.client).toBeInstanceOf(factory({ client: kind === 'postgres' ? 'pg' : 'mysql2' }).client.constructor)
    })

    test('idle connections of the old user are closed by the rotation itself', async () => {
      const { db, credentials } = await bed.open()
      const old = await who(db)
      const all = [await db.transaction(), await db.transaction(), await db.transaction()]
      for (const trx of all) await trx.commit()
      expect(await server.sessions(old)).toBe(3)
      await credentials.rotate()
      await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
      expect(await who(db)).toBe(credentials.current().username)
    })

    test('a transaction with a savepoint goes on across a rotation, and its connection is closed on release', async () => {
      const { db, credentials } = await bed.open({ config: { pool: { min: 0, max: 2 } } })
      const log = logEvents(credentials)
      const old = credentials.current().username
      await db.transaction(async (trx) => {
        await credentials.rotate()
        const undone = trx.transaction(async (inner) => {
          await inner('item').where({ id: 1 }).update({ label: 'changed' })
          throw new Error('undo this')
        })
        await expect(undone).rejects.toThrow('undo this')
        expect(await trx('item').where({ id: 1 }).first()).toMatchObject({ label: 'item 1' })
        expect(await who(trx)).toBe(old)
        expect(await who(db)).toBe(credentials.current().username)
        expect(log.of('drained')).toEqual([])
      })
      await poll('the old user is dropped', () => log.of('revoked'), (revoked) => revoked.length === 1) // prettier-ignore
    })

    test('a transaction provider, committed and rolled back, gives its connection back', async () => {
      const { db, credentials } = await bed.open({ config: { pool: { min: 0, max: 2 } } })
      for (const end of ['commit', 'rollback'] as const) {
        const provide = db.transactionProvider()
        const trx = await provide()
        expect(await provide()).toBe(trx)
        await credentials.rotate()
        await trx.raw('SELECT 1')
        await trx[end]()
      }
      expect(await who(db)).toBe(credentials.current().username)
    })

    test('a stream goes on across a rotation', async () => {
      const { db, credentials } = await bed.open()
      let count = 0
      for await (const _ of db('item').select('id').limit(900).stream({ highWaterMark: 10 })) {
        count += 1
        if (count === 100) await credentials.rotate()
      }
      expect(count).toBe(900)
    })

    test('a stream that its reader leaves gives its connection back', async () => {
      const { db } = await bed.open({ config: { pool: { min: 0, max: 1 } } })
      for await (const _ of db('item').select('id').limit(900).stream({ highWaterMark: 1 })) break
      expect(await rows(db.raw('SELECT 1 AS one'))).toEqual([{ one: 1 }])
    })

    test('timeout(ms, { cancel: true }) cancels what an earlier user started, also in a transaction', async () => {
      const { db, credentials } = await bed.open()
      const old = credentials.current().username
      const asked = db.transaction((trx) => trx.raw(server.sleep(24_000)).timeout(400, { cancel: true }))
      const failed = expect(asked).rejects.toThrow(/Defined query timeout of 400ms exceeded/)
      await poll('it runs', () => server.sessions(old), (count) => count === 1) // prettier-ignore
      await credentials.rotate()
      await failed
      await poll('it has ended', () => server.sessions(old), (count) => count === 0) // prettier-ignore
    })

    test('clients that Knex makes without a constructor know the pool: withUserParams, and transactions of it', async () => {
      const { db, credentials } = await bed.open({ config: { userParams: { tenant: 1 } } as Partial<Knex.Config> })
      const other = db.withUserParams({ tenant: 2 })
      expect([db.userParams, other.userParams]).toEqual([{ tenant: 1 }, { tenant: 2 }])
      await credentials.rotate()
      expect(await who(other)).toBe(credentials.current().username)
      await other.transaction(async (trx) => expect(await who(trx)).toBe(credentials.current().username))
      expect(credentials.status().pools).toHaveLength(1)
    })

    test('an acquire that times out and an afterCreate that refuses are told, and cost no slot', async () => {
      let made = 0
      const afterCreate = (_: unknown, done: (error: Error | null) => void): void =>
        done((made += 1) === 1 ? new Error('not this one') : null)
      const config = { acquireConnectionTimeout: 2_000, pool: { min: 0, max: 1, afterCreate } }
      const { db, credentials } = await bed.open({ config })
      await expect(who(db)).rejects.toThrow('not this one')
      await db.transaction(async () => {
        await expect(db.raw('SELECT 1')).rejects.toThrow(/Timeout acquiring a connection/)
      })
      expect(await who(db)).toBe(credentials.current().username)
      expect(credentials.status().pools[0]).toMatchObject({ sockets: 1, max: 1 })
    })

    test('asyncStackTraces shows who asked', async () => {
      const { db } = await bed.open({ config: { asyncStackTraces: true } })
      const whoAsked = (): Promise<unknown> => db.raw('SELECT no_such_column').catch((error: Error) => error.stack)
      expect(await whoAsked()).toContain('whoAsked')
    })

    test('destroy() closes every socket, and initialize() opens a pool that follows rotations again', async () => {
      const { db, credentials } = await bed.open()
      await who(db)
      await db.destroy()
      expect(credentials.status().pools).toEqual([])
      db.initialize()
      const old = await who(db)
      await credentials.rotate()
      expect(await who(db)).toBe(credentials.current().username)
      await poll('the old user has no session', () => server.sessions(old), (count) => count === 0) // prettier-ignore
    })

    test('under rotations nothing fails, and there are never more sockets than max', async () => {
      const proxy = await startProxy(server.port)
      const { host, database } = server
      const config = { connection: { host, port: proxy.port, database }, pool: { min: 0, max: 3 } }
      const { db, credentials } = await bed.open({ config })
      let isOver = false
      const worker = async (): Promise<void> => {
        while (!isOver) {
          await db('item').where({ id: 7 }).first()
          await db.transaction(async (trx) => void (await trx('item').where({ id: 8 }).first()))
          for await (const _ of db('item').select('id').limit(20).stream());
        }
      }
      const workers = Array.from({ length: 8 }, () => worker())
      for (let rotation = 0; rotation < 8; rotation++) await credentials.rotate()
      isOver = true
      await Promise.all(workers)
      expect(proxy.peak).toBeLessThanOrEqual(3)
      await db.destroy()
      await proxy.close()
    })

    test('the name of a client is refused, or served, as by the adapter’s own Knex', async () => {
      const { credentials } = await bed.open()
      const connection = { database: 'app' }
      const named = (client: string): (() => unknown) => () => leasedKnex({ client: factory({ client }).client.constructor as typeof Knex.Client, connection }, credentials) // prettier-ignore
      for (const client of ['mysql', 'redshift', 'pgnative']) {
        expect(named(client)).toThrow(/leasedKnex.client.* a client class for /)
      }
      for (const client of ['pg', 'cockroachdb', 'mysql2']) expect(named(client)).not.toThrow()
    })
  })
})
