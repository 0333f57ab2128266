import type { LeasedPoolOptions } from '@leasepool/core'
import { createPool, type Options } from 'generic-pool'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pgFactory } from '../../../test/contract/subjects/generic-pool'
import { startDatabase, type TestDatabase } from '../../../test/support/database'
import { poll } from '../../../test/support/poll'
import { sqlCredentials } from '../../../test/support/sql-source'
import { openPool, type Opened } from './support'

/** Every option of generic-pool keeps its meaning, on real connections and across rotations. */
let database: TestDatabase
beforeAll(async () => void (database = await startDatabase()))
afterAll(() => database.stop())

async function open(options: Options = {}, leased: LeasedPoolOptions = {}): Promise<Opened<Client>> {
  const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500 })
  return openPool(pgFactory({ host: database.host, port: database.port, database: 'app' }), options, leased, credentials)
}

const who = async (client: Client): Promise<string> =>
  (await client.query<{ session_user: string }>('SELECT session_user')).rows[0]!.session_user
const sessionsOf = async (user: string): Promise<number> =>
  (await database.sessions()).find((session) => session.user === user)?.count ?? 0

test('the pool is one of generic-pool, and counts what that counts', async () => {
  const { pool, credentials } = await open({ max: 2 })
  expect(pool.constructor).toBe(createPool({ create: () => Promise.resolve(1), destroy: () => Promise.resolve() }).constructor)
  expect([pool.max, pool.min, pool.size, pool.spareResourceCapacity]).toEqual([2, 0, 0, 2])
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()])
  const waiting = pool.acquire()
  expect([pool.size, pool.borrowed, pool.pending, pool.available]).toEqual([2, 2, 1, 0])
  expect([pool.isBorrowedResource(first), pool.isBorrowedResource(new Client())]).toEqual([true, false])
  await pool.release(first)
  expect(await waiting).toBe(first)
  await pool.release(first)
  await pool.release(second)
  expect([pool.size, pool.borrowed, pool.pending, pool.available]).toEqual([2, 0, 0, 2])
  await expect(pool.release(first)).rejects.toThrow('Resource not currently part of this pool')
  await credentials.rotate()
  expect([pool.size, pool.available]).toEqual([0, 0])
  const client = await pool.acquire()
  await credentials.rotate()
  await pool.release(client) // it is stale: it goes at once
  expect([pool.size, pool.available, pool.borrowed]).toEqual([0, 0, 0])
})

test('max is one unless set', async () => {
  const { pool, credentials } = await open()
  const client = await pool.acquire()
  expect(pool.max).toBe(1)
  expect(credentials.status().pools).toMatchObject([{ name: 'generic-pool', max: 1, sockets: 1, borrowed: 1 }])
  await pool.release(client)
})

test('min is there from the start, and again after a rotation, as the new user', async () => {
  const { pool, credentials } = await open({ min: 2, max: 3 })
  await pool.ready()
  const old = credentials.current().username
  expect(await sessionsOf(old)).toBe(2)
  await credentials.rotate()
  await poll('the old ones are gone', () => sessionsOf(old), (count) => count === 0) // prettier-ignore
  await poll('the new ones are there', () => sessionsOf(credentials.current().username), (count) => count === 2) // prettier-ignore
  await poll('they can be lent', () => pool.available, (available) => available === 2) // prettier-ignore
})

test('autostart: false makes the minimum with the first acquire', async () => {
  const { pool, credentials } = await open({ min: 2, max: 3, autostart: false })
  expect(pool.size).toBe(0)
  await pool.release(await pool.acquire())
  await poll('there are two', () => sessionsOf(credentials.current().username), (count) => count === 2) // prettier-ignore
})

test('acquireTimeoutMillis bounds the wait, also that for a slow check, whose connection is not lost', async () => {
  const { pool } = await open({ max: 1, acquireTimeoutMillis: 2_000 }) // a login fits in
  const client = await pool.acquire()
  await expect(pool.acquire()).rejects.toMatchObject({ name: 'TimeoutError', message: 'ResourceRequest timed out' })
  await pool.release(client)
  expect(await pool.acquire()).toBe(client)
  await pool.release(client)
})

test('a connection whose check took longer than its asker could wait is idle, and closed by the next rotation', async () => {
  const factory = pgFactory({ host: database.host, port: database.port, database: 'app' })
  let answer: () => void = () => undefined
  const slow = { ...factory, validate: () => new Promise<void>((resolve) => (answer = resolve)) }
  const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500 })
  const { pool } = await openPool(
    slow,
    { max: 1, acquireTimeoutMillis: 2_000 }, // a login fits in
    { pingBypassMs: 0, pingTimeoutMs: 10_000 },
    credentials,
  )
  await pool.release(await pool.acquire())
  await expect(pool.acquire()).rejects.toMatchObject({ name: 'TimeoutError' })
  answer()
  await poll('it is idle', () => credentials.status().pools[0]!, ({ idle, borrowed }) => idle === 1 && borrowed === 0) // prettier-ignore
  expect(pool.available).toBe(1)
  const rotating = credentials.rotate()
  await poll('the probe asks', () => credentials.status().pools[0]!.sockets, (sockets) => sockets === 1) // prettier-ignore
  await poll('it is over', () => (answer(), credentials.generation), (generation) => generation === 2) // prettier-ignore
  await rotating
  expect([pool.size, pool.available]).toEqual([0, 0])
})

test('maxWaitingClients refuses who comes after so many', async () => {
  const { pool } = await open({ max: 1, maxWaitingClients: 1 })
  const client = await pool.acquire()
  const waiting = pool.acquire()
  await expect(pool.acquire()).rejects.toThrow('max waitingClients count exceeded')
  await pool.release(client)
  expect(await waiting).toBe(client)
  await pool.release(client)
})

test('priorityRange: a lower number goes first, across a rotation', async () => {
  const { pool, credentials } = await open({ max: 1, priorityRange: 3 })
  const client = await pool.acquire()
  const order: number[] = []
  const ask = async (priority: number): Promise<void> => {
    const given = await pool.acquire(priority)
    order.push(priority)
    await pool.release(given)
  }
  const all = Promise.all([2, 0, 1, 0].map(ask))
  await credentials.rotate()
  await pool.release(client) // it is stale: somebody gets a new one
  await all
  expect(order).toEqual([0, 0, 1, 2])
})

test.for([
  [true, 'the one that came back first'],
  [false, 'the one that came back last'],
] as const)('fifo: %s lends %s', async ([fifo]) => {
  const { pool } = await open({ max: 2, fifo })
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()])
  await pool.release(first)
  await pool.release(second)
  expect(await pool.acquire()).toBe(fifo ? first : second)
})

test('idleTimeoutMillis and evictionRunIntervalMillis close what is idle for too long, down to nothing', async () => {
  const { pool, credentials } = await open({ max: 2, idleTimeoutMillis: 30, evictionRunIntervalMillis: 10 })
  await Promise.all([pool.use(who), pool.use(who)])
  await poll('all are closed', () => pool.size, (size) => size === 0) // prettier-ignore
  await poll('on the server too', () => sessionsOf(credentials.current().username), (count) => count === 0) // prettier-ignore
  expect(await pool.use(who)).toBe(credentials.current().username)
})

test('softIdleTimeoutMillis keeps the minimum', async () => {
  const { pool } = await open({ min: 1, max: 2, softIdleTimeoutMillis: 30, evictionRunIntervalMillis: 10 })
  await Promise.all([pool.use(who), pool.use(who)])
  await poll('one is left', () => pool.size, (size) => size === 1) // prettier-ignore
})

test('testOnBorrow: true checks whatever is lent, new and just returned ones too; without it only what was idle for long', async () => {
  const factory = pgFactory({ host: database.host, port: database.port, database: 'app' })
  let checks = 0
  const counting = { ...factory, validate: async (client: Client) => ((checks += 1), factory.validate!(client)) }
  for (const [testOnBorrow, expected] of [
    [true, 2],
    [false, 0],
  ] as const) {
    // prettier-ignore
    const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500 })
    const { pool } = await openPool(counting, { max: 1, testOnBorrow }, { pingBypassMs: 60_000 }, credentials)
    checks = 0
    for (let turn = 0; turn < 2; turn++) await pool.release(await pool.acquire())
    expect(checks).toBe(expected)
  }
})

test('what testOnBorrow checks while it is new stays with its borrower across a rotation', async () => {
  const { pool, credentials } = await open({ max: 1, testOnBorrow: true })
  const client = await pool.acquire()
  const old = credentials.current().username
  await credentials.rotate()
  expect(await who(client)).toBe(old)
  await pool.release(client)
  expect(await pool.use(who)).toBe(credentials.current().username)
})

test('drain() and then clear() serve who waits, close every socket, and take the pool out of rotations', async () => {
  const { pool, credentials } = await open({ min: 1, max: 1 })
  const client = await pool.acquire()
  const waiting = pool.use(who)
  const drained = pool.drain()
  await expect(pool.acquire()).rejects.toThrow('pool is draining and cannot accept work')
  await pool.release(client)
  expect(await waiting).toBe(credentials.current().username)
  await drained
  expect(await sessionsOf(credentials.current().username)).toBe(1) // as in generic-pool: drain() closes nothing
  await pool.clear()
  expect(await database.sessions()).toEqual([])
  expect(credentials.status().pools).toEqual([])
})

test('clear() that does not wait for drain() ends the pool when that is over', async () => {
  const { pool, credentials } = await open({ max: 2 })
  const client = await pool.acquire()
  await pool.use(who)
  const drained = pool.drain()
  await pool.clear()
  expect(await sessionsOf(credentials.current().username)).toBe(1)
  await pool.release(client)
  await drained
  expect(await database.sessions()).toEqual([])
  expect(credentials.status().pools).toEqual([])
})

test('the server’s own limit of connections is enough: max holds for sockets', async () => {
  await database.limitConnections(2)
  const { pool, credentials } = await open({ max: 2 })
  const work = async (): Promise<void> => {
    const client = await pool.acquire()
    await client.query('SELECT 1')
    await pool.destroy(client)
  }
  for (let round = 0; round < 10; round++) await Promise.all([...Array.from({ length: 8 }, work), credentials.rotate()])
  await pool.drain()
  await pool.clear()
  await database.limitConnections(-1)
})
