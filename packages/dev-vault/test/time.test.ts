import { expect, it } from 'vitest'
import { rfc3339, Time } from '../src/time'
import { TestClock } from './support'

function setUp(): { clock: TestClock; time: Time; rung: number[]; startMs: number; ringAt: (ms: number) => void } {
  const clock = new TestClock()
  const time = new Time(clock)
  const startMs = time.nowMs()
  const rung: number[] = []
  const ringAt = (ms: number): void => void time.alarm(startMs + ms, () => void rung.push(time.nowMs() - startMs))
  return { clock, time, rung, startMs, ringAt }
}

it('rings by the clock, and not before', async () => {
  const { clock, rung, ringAt } = setUp()
  ringAt(100)
  await clock.advance(99)
  expect(rung).toEqual([])
  await clock.advance(1)
  expect(rung).toEqual([100])
})

it('rings every alarm on the way at its own time, in order, and those set meanwhile', async () => {
  const { time, rung, startMs, ringAt } = setUp()
  ringAt(300)
  ringAt(100)
  ringAt(501)
  time.alarm(startMs + 200, () => ringAt(400))
  await time.advance(500)
  expect(rung).toEqual([100, 300, 400])
  expect(time.nowMs() - startMs).toBe(500)
})

it('waits for what an alarm started before the next one rings', async () => {
  const { time, rung, startMs } = setUp()
  time.alarm(startMs + 100, async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    rung.push(1)
  })
  time.alarm(startMs + 100, () => time.follow(Promise.reject(new Error('its owner knows')).finally(() => rung.push(2))))
  time.alarm(startMs + 200, () => void rung.push(3))
  await time.advance(200)
  expect([...rung].sort((a, b) => a - b)).toEqual([1, 2, 3])
  expect(rung[2]).toBe(3)
})

it('lets alarms that are left ring earlier on the clock by what was advanced', async () => {
  const { clock, time, rung, ringAt } = setUp()
  ringAt(1_000)
  await time.advance(900)
  await clock.advance(99)
  expect(rung).toEqual([])
  await clock.advance(1)
  expect(rung).toEqual([1_000])
})

it('never rings an alarm that was cancelled, nor one twice', async () => {
  const { clock, time, rung, startMs, ringAt } = setUp()
  const alarm = time.alarm(startMs + 10, () => void rung.push(-1))
  ringAt(10)
  alarm.cancel()
  await time.advance(20)
  await clock.advance(20)
  expect(rung).toEqual([10])
})

it('advances one after the other', async () => {
  const { time, startMs } = setUp()
  await Promise.all([time.advance(10), time.advance(20)])
  expect(time.nowMs() - startMs).toBe(30)
})

it('writes instants as Go does', () => {
  expect(rfc3339(0)).toBe('1970-01-01T00:00:00.000000000Z')
})
