import { expect, it } from 'vitest'
import { DEFAULT_LOCKOUT, Lockout, readLockout } from '../../src/auth/lockout'
import { Time } from '../../src/time'
import { TestClock } from '../support'

const LOCKED = expect.objectContaining({ status: 403 }) as Error

function lockout(config: object = {}): { lock: Lockout; clock: TestClock; fail: (times: number) => void } {
  const clock = new TestClock()
  const lock = new Lockout(new Time(clock), () => readLockout(config, DEFAULT_LOCKOUT))
  const fail = (times: number): void => {
    for (let time = 0; time < times; time++) lock.failed('amy')
  }
  return { lock, clock, fail }
}

it('locks after five failures, and only whom they were of', () => {
  const { lock, fail } = lockout()
  fail(4)
  expect(() => lock.check('amy')).not.toThrow()
  fail(1)
  expect(() => lock.check('amy')).toThrow(LOCKED)
  expect(() => lock.check('bob')).not.toThrow()
})

it('forgets after a quarter of an hour, and not before', async () => {
  const { lock, clock, fail } = lockout()
  fail(5)
  await clock.advance(15 * 60_000 - 1)
  expect(() => lock.check('amy')).toThrow(LOCKED)
  await clock.advance(1)
  expect(() => lock.check('amy')).not.toThrow()
  fail(4)
  expect(() => lock.check('amy')).not.toThrow()
})

it('starts to count anew after a success and after the time of its reset', async () => {
  const { lock, clock, fail } = lockout({ lockout_counter_reset: '1m' })
  fail(4)
  lock.succeeded('amy')
  fail(4)
  expect(() => lock.check('amy')).not.toThrow()
  await clock.advance(60_000)
  fail(4)
  expect(() => lock.check('amy')).not.toThrow()
})

it('never locks where it is switched off', () => {
  const { lock, fail } = lockout({ lockout_disable: true })
  fail(50)
  expect(() => lock.check('amy')).not.toThrow()
})
