import { fixedCredentials, OptionError, type Credential, type LeasedCredentials } from '@leasepool/core'
import { createLeasedPool, leasedFactory, type ConnectionFactory, type LeasedFactory } from '@leasepool/generic-pool-adapter'
import genericPool, { createPool, type Factory, type Options, type Pool } from 'generic-pool'
import { expect, expectTypeOf, test } from 'vitest'
import { logEvents } from '../../../test/support/app'
import { poll } from '../../../test/support/poll'
import { anyCredentials, openPool, PlainDriver, type Plain } from './support'

const refused = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('Access denied'), { errno: 1045, code: 'ER_ACCESS_DENIED_ERROR' }))

test('options and factories that are none are errors that say what was expected', async () => {
  const credentials = await fixedCredentials({ username: 'app', password: 'not-a-secret' })
  const driver = new PlainDriver()
  const make =
    (factory: unknown, options: object = {}, leased: object = {}): (() => unknown) =>
    () =>
      createLeasedPool(factory as ConnectionFactory<Plain>, options, credentials, leased)
  const { create, destroy } = driver
  expect(make(driver, {}, { pingBypass: 1 })).toThrow(
    'Option "createLeasedPool.pingBypass": expected "pingBypassMs", got an unknown name',
  )
  expect(make(undefined)).toThrow(
    'Option "createLeasedPool.factory": expected an object with create() and destroy(), got undefined',
  )
  expect(make({ create })).toThrow(/createLeasedPool\.factory": expected an object with create\(\) and destroy\(\)/)
  expect(make({ create, destroy, cancel: true })).toThrow(
    'Option "createLeasedPool.factory.cancel": expected a function, got true',
  )
  expect(make(driver, { testOnBorrow: true })).toThrow(/createLeasedPool\.factory\.validate": expected a function/)
  expect(make(driver, {}, { assumeRole: 'owner' })).toThrow(/createLeasedPool\.assumeRole": expected one of name, /)
  expect(make(driver, {}, { name: '' })).toThrow(OptionError)
  expect(() => leasedFactory(driver, credentials, { clock: 1 } as never)).toThrow(/leasedFactory\.clock/)
  expect(credentials.status().pools).toEqual([])
  await credentials.close()
  expect(make(driver)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
})

test('a create that gives no connection is told so, and takes no place', async () => {
  const driver = new PlainDriver()
  let isForgotten = true
  const factory: ConnectionFactory<Plain> = {
    create: async (login, signal) => (isForgotten ? (undefined as never) : driver.create(login, signal)),
    destroy: (connection) => driver.destroy(connection),
  }
  const { pool, credentials } = await openPool(factory, { max: 1 })
  await expect(pool.acquire()).rejects.toThrow('expected a function that resolves with a connection, got undefined')
  expect(credentials.status().pools).toMatchObject([{ sockets: 0 }])
  isForgotten = false
  expect(await pool.acquire()).toMatchObject({ state: 'open' })
})

test('the same for a watch that throws: its connection is destroyed', async () => {
  const driver = new PlainDriver()
  driver.watch = () => { throw new Error('no such event') } // prettier-ignore
  const { pool, credentials } = await openPool(driver, { max: 1 })
  await expect(pool.acquire()).rejects.toThrow('no such event')
  expect(driver.made).toMatchObject([{ state: 'closed' }])
  expect(credentials.status().pools).toMatchObject([{ sockets: 0 }])
})

test('leasedFactory serves a pool that is made elsewhere', async () => {
  class OwnPool extends (genericPool.Pool as unknown as new (...parts: unknown[]) => Pool<Plain>) {}
  const { Deque, PriorityQueue, DefaultEvictor } = genericPool as unknown as Record<string, unknown>
  const credentials = await anyCredentials()
  const driver = new PlainDriver()
  const factory = leasedFactory(driver, credentials, { name: 'own' })
  const made = new OwnPool(DefaultEvictor, Deque, PriorityQueue, factory, { min: 1, max: 2, testOnBorrow: true })
  const pool = factory.upgrade(made)
  expect(pool).toBe(made)
  await pool.ready()
  expect((await pool.acquire()).user).toBe(credentials.current().username)
  await credentials.rotate()
  expect((await pool.acquire()).user).toBe(credentials.current().username)
  expect(credentials.status().pools).toMatchObject([{ name: 'own', max: 2, borrowed: 2, stale: 1 }])
  await credentials.close()
})

test('leasedFactory says when it does not know its pool, has two, or one that does not ask before it lends', async () => {
  const credentials = await anyCredentials()
  const forgotten = createPool(leasedFactory(new PlainDriver(), credentials), { min: 1, testOnBorrow: true })
  const expected = 'Option "leasedFactory.upgrade": expected to be called with the pool as soon as there is one, got no call'
  expect(await new Promise((resolve) => forgotten.once('factoryCreateError', resolve))).toMatchObject({ message: expected })
  expect(() => forgotten.acquire()).toThrow(expected)

  const factory = leasedFactory(new PlainDriver(), credentials)
  expect(() => factory.upgrade(createPool(factory))).toThrow('Option "leasedFactory.testOnBorrow": expected true, got false')
  const pool = factory.upgrade(createPool(factory, { testOnBorrow: true }))
  expect(() => factory.upgrade(pool)).toThrow('Option "leasedFactory.upgrade": expected one pool, got a second one')
  await credentials.close()
})

test('a login that is refused takes a new credential, once for all, and is tried once more; else its own error is told', async () => {
  const credentials = await anyCredentials()
  const log = logEvents(credentials)
  const driver = new PlainDriver()
  const first = credentials.current().username
  const create = driver.create.bind(driver)
  driver.create = (login, signal) => (login.username === first ? refused() : create(login, signal))
  const { pool } = await openPool(driver, { max: 3 }, {}, credentials)
  const given = await Promise.all([1, 2, 3].map(() => pool.acquire()))
  expect(new Set(given.map(({ user }) => user))).toEqual(new Set([credentials.current().username]))
  expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'login-refused' }])
  await Promise.all(given.map((connection) => pool.destroy(connection)))

  driver.create = refused
  await expect(pool.acquire()).rejects.toMatchObject({ errno: 1045 })
})

test('an error that lost() or validate is given, and that is about the user, has a new one taken', async () => {
  const driver = new PlainDriver()
  const { pool, credentials } = await openPool(driver, { max: 1 })
  await pool.release(await pool.acquire())
  driver.lost[0]!(Object.assign(new Error('role 16384 was concurrently dropped'), { code: '42704' }))
  await poll('there is a new one', () => credentials.generation, (generation) => generation === 2) // prettier-ignore
  expect((await pool.acquire()).number).toBeGreaterThan(1)
  expect(driver.made[0]!.state).toBe('closed')
})

test('a connection that is lost while it is borrowed goes at once, and is destroyed once', async () => {
  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { max: 1 })
  const errors: unknown[] = []
  pool.on('factoryDestroyError', (error) => errors.push(error))
  const borrowed = await pool.acquire()
  driver.lost[0]!()
  driver.lost[0]!()
  await poll('it is being destroyed', () => borrowed.state, (state) => state !== 'open') // prettier-ignore
  const waiting = pool.acquire()
  await pool.release(borrowed)
  expect((await waiting).number).toBe(2)
  expect(errors).toEqual([])
})

test('a destroy that rejects is said by the pool, and its place is free', async () => {
  const driver = new PlainDriver()
  driver.beforeDestroy = () => Promise.reject(new Error('already closed'))
  const { pool, credentials } = await openPool(driver, { max: 1 })
  await pool.release(await pool.acquire())
  const said = new Promise((resolve) => pool.once('factoryDestroyError', resolve))
  await credentials.rotate()
  expect(await said).toMatchObject({ message: 'already closed' })
  expect((await pool.acquire()).number).toBeGreaterThan(1)
})

test('at the drain deadline what is borrowed is cancelled with the login it had, then destroyed', async () => {
  const credentials = await anyCredentials({ drainDeadlineMs: 50 })
  const log = logEvents(credentials)
  const driver = new PlainDriver()
  const done: string[] = []
  const factory = Object.assign(driver, {
    cancel: (connection: Plain, { username }: Credential) =>
      void done.push(`cancelled ${connection.number} as ${username}, ${connection.state}`),
  })
  const { pool } = await openPool(factory, { max: 2 }, {}, credentials)
  const borrowed = await pool.acquire()
  await credentials.rotate()
  await poll('it is drained', () => log.of('drained').length, (count) => count === 1) // prettier-ignore
  expect(log.of('connectionForced')).toMatchObject([{ pool: 'generic-pool', generation: 1 }])
  expect(done).toEqual([`cancelled 1 as ${borrowed.user}, open`])
  expect(borrowed.state).toBe('closed')
  await pool.release(borrowed)
  expect((await pool.acquire()).user).toBe(credentials.current().username)
})

test('a login that hangs is made again with the new user at the drain deadline; what it brings too late is destroyed', async () => {
  const credentials = await anyCredentials({ drainDeadlineMs: 50 })
  const log = logEvents(credentials)
  const driver = new PlainDriver()
  let goOn: () => void = () => undefined
  const signals: AbortSignal[] = []
  driver.beforeCreate = (signal) => (signals.push(signal), new Promise<void>((resolve) => (goOn = resolve)))
  const { pool } = await openPool(driver, { max: 2 }, {}, credentials)
  const asked = pool.acquire()
  await poll('it logs in', () => signals.length, (count) => count === 1) // prettier-ignore
  driver.beforeCreate = () => Promise.resolve()
  await credentials.rotate()
  await poll('it is given up', () => signals[0]!.aborted, Boolean)
  goOn()
  await poll('it is drained', () => log.of('drained').length, (count) => count === 1) // prettier-ignore
  expect(driver.made.filter(({ user }) => user !== credentials.current().username)).toMatchObject([{ state: 'closed' }])
  expect((await asked).user).toBe(credentials.current().username)
})

test('nothing holds up the end of a pool: a login that hangs is given up', async () => {
  const driver = new PlainDriver()
  driver.beforeCreate = (signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('Aborted'))))
  const { pool, credentials } = await openPool(driver, { min: 1, max: 1 })
  await poll('it logs in', () => driver.tried, (tried) => tried === 1) // prettier-ignore
  await pool.drain()
  await pool.clear()
  expect([driver.open, credentials.status().pools]).toEqual([0, []])
})

test('types: the pool is Pool<T>, a factory gets who logs in, and one of generic-pool will do', async () => {
  const credentials: LeasedCredentials = await anyCredentials()
  const pool = createLeasedPool(
    { create: async ({ username, password }) => ({ username, password, ping: 1 }), destroy: async () => undefined },
    { max: 1 },
    credentials,
  )
  expectTypeOf(pool).toEqualTypeOf<Pool<{ username: string; password: string; ping: number }>>()
  expectTypeOf<Factory<Plain>>().toExtend<ConnectionFactory<Plain>>()
  expectTypeOf<LeasedFactory<Plain>>().toExtend<Factory<Plain>>()
  expectTypeOf(createLeasedPool<Plain>)
    .parameter(1)
    .toEqualTypeOf<Options>()
  // @ts-expect-error a connection is an object
  type _Wrong = ConnectionFactory<string>
  await pool.drain()
  await pool.clear()
  await credentials.close()
})
