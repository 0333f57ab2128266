import { systemClock, type Clock } from '@leasepool/core'
import { createPool } from 'generic-pool'
import { expect, test } from 'vitest'
import { poll } from '../../../test/support/poll'
import { openPool, PlainDriver, type Plain } from './support'

/** What generic-pool 3.9.0 does by itself, and a leased pool does not. */

test('clear() leaves nothing behind that could be lent; generic-pool lends what it has destroyed', async () => {
  const stockDriver = new PlainDriver()
  const stock = createPool<Plain>(
    {
      create: () => stockDriver.create({ username: 'app' }, new AbortController().signal),
      destroy: (made) => stockDriver.destroy(made),
    },
    { max: 2 },
  )
  await stock.release(await stock.acquire())
  await stock.clear()
  expect((await stock.acquire()).state).toBe('closed')

  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { max: 2 })
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()])
  await pool.release(first)
  await pool.release(second)
  const cleared = pool.clear()
  await poll('they are being closed', () => driver.made.map(({ state }) => state), (states) => states.every((state) => state !== 'open')) // prettier-ignore
  expect([pool.size, pool.available]).toEqual([0, 0])
  await cleared
  expect(driver.made.map(({ state }) => state)).toEqual(['closed', 'closed'])
  const next = await pool.acquire()
  expect(next).toMatchObject({ number: 3, state: 'open' })
  await pool.release(next)
})

test('clear() leaves what is borrowed alone, and the pool serves on', async () => {
  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { max: 2 })
  const borrowed = await pool.acquire()
  await pool.release(await pool.acquire())
  await pool.clear()
  expect(driver.made.map(({ state }) => state)).toEqual(['open', 'closed'])
  await pool.release(borrowed)
  expect(await pool.acquire()).toBe(borrowed)
})

test('clear() fills up to the minimum again, as generic-pool does', async () => {
  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { min: 2, max: 3 })
  await pool.ready()
  await pool.clear()
  await pool.ready()
  expect(driver.made.map(({ state }) => state)).toEqual(['closed', 'closed', 'open', 'open'])
})

test.for([
  ['rejects', () => Promise.reject(new Error('gone'))],
  [
    'throws',
    () => {
      throw new Error('gone')
    },
  ],
  ['says false', () => Promise.resolve(false)],
  ['does not answer', () => new Promise(() => undefined)],
] as const)('a validate that %s costs nobody a connection, nor a place', async ([, validate]) => {
  // prettier-ignore
  const driver = new PlainDriver()
  let isBad = false
  const factory = Object.assign(driver, { validate: (): Promise<unknown> => (isBad ? validate() : Promise.resolve(true)) })
  const { pool } = await openPool(factory, { max: 1 }, { pingBypassMs: 0, pingTimeoutMs: 20 })
  await pool.release(await pool.acquire())
  isBad = true
  const next = await pool.acquire()
  isBad = false
  expect(next.number).toBe(2)
  expect(driver.made[0]!.state).toBe('closed')
  const waiting = pool.acquire()
  await pool.release(next)
  expect(await waiting).toBe(next)
  expect([pool.size, pool.borrowed]).toEqual([1, 1])
  expect(driver.peak).toBe(1)
})

test('who waits for a connection that cannot be made is told why; the logins in between pause', async () => {
  const driver = new PlainDriver()
  driver.beforeCreate = () => Promise.reject(new Error('The database is down'))
  const pauses: number[] = []
  const noting: Clock = { ...systemClock, sleep: (ms, signal) => (pauses.push(ms), systemClock.sleep(ms, signal)) }
  const { pool } = await openPool(driver, { max: 2 }, { clock: noting })
  const emitted: unknown[] = []
  pool.on('factoryCreateError', (error) => emitted.push(error))
  const asked = Array.from({ length: 6 }, () => pool.acquire().then(() => 'got one', (error: Error) => error.message)) // prettier-ignore
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 6 }, () => 'The database is down'))
  expect(driver.tried).toBe(6)
  expect(emitted).toHaveLength(6)
  // Two at a time, with 50 ms and 100 ms in between; generic-pool tries a thousand times a second.
  expect(Math.max(...pauses)).toBeGreaterThan(50)
  await poll('nothing stands in for a connection', () => [pool.size, pool.available, pool.pending], (counts) => counts.every((count) => count === 0)) // prettier-ignore
  driver.beforeCreate = () => Promise.resolve()
  const got = await pool.acquire()
  expect(got.state).toBe('open')
  await pool.release(got)
})

test('who waits while logins fail gets a connection that comes back', async () => {
  const driver = new PlainDriver()
  const pausing: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms > 0 ? 60_000 : 0, signal) }
  const { pool } = await openPool(driver, { max: 2 }, { clock: pausing })
  const borrowed = await pool.acquire()
  driver.beforeCreate = () => Promise.reject(new Error('Too many connections'))
  await expect(pool.acquire()).rejects.toThrow('Too many connections')
  const waiting = pool.acquire()
  await pool.release(borrowed)
  expect(await waiting).toBe(borrowed)
  expect(driver.tried).toBe(2) // the other login still pauses
})

test('a minimum that cannot be made is no error of anybody, and is not counted as made', async () => {
  const driver = new PlainDriver()
  driver.beforeCreate = () => Promise.reject(new Error('The database is down'))
  const { pool } = await openPool(driver, { min: 2, max: 3 })
  await new Promise((resolve) => pool.once('factoryCreateError', resolve))
  await poll('both have failed', () => driver.tried, (tried) => tried === 2) // prettier-ignore
  expect([pool.available, pool.borrowed]).toEqual([0, 0])
})

test('the place of a connection that is destroyed is free when destroy has resolved', async () => {
  const driver = new PlainDriver()
  const { pool, credentials } = await openPool(driver, { max: 2 })
  const work = async (): Promise<void> => pool.destroy(await pool.acquire())
  for (let round = 0; round < 10; round++) {
    await Promise.all([work(), work(), work(), credentials.rotate()])
  }
  expect(driver.peak).toBe(2)
  expect(driver.made.length).toBeGreaterThanOrEqual(30)
})

test('use() gives back what was borrowed for a function that throws, or returns no promise', async () => {
  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { max: 1 })
  const throws = (): Promise<never> => { throw new Error('not async') } // prettier-ignore
  await expect(pool.use(throws)).rejects.toThrow('not async')
  expect(await pool.use(({ number }) => number)).toBe(2) // the first one was destroyed, as generic-pool does after an error
  expect([pool.borrowed, pool.available]).toEqual([0, 1])
})

test('drain() waits for all, whatever their priorities', async () => {
  const driver = new PlainDriver()
  const { pool } = await openPool(driver, { max: 1, priorityRange: 2, acquireTimeoutMillis: 3_000 })
  const borrowed = await pool.acquire()
  const low = pool.acquire(1).catch((error: Error) => error.name)
  const seen: string[] = []
  const work = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    seen.push('urgent')
  }
  const urgent = new Promise((resolve) => setTimeout(resolve, 1_500)).then(() => pool.use(work))
  await poll('both wait', () => pool.pending, (pending) => pending === 2) // prettier-ignore
  const drained = pool.drain().then(() => seen.push('drained'))
  expect(await low).toBe('TimeoutError')
  await pool.release(borrowed)
  await Promise.all([urgent, drained])
  expect(seen).toEqual(['urgent', 'drained'])
})
