import { expect, it } from 'vitest'
import { Alarm } from '../src/alarm'
import { FakeClock } from './support/fake-clock'

function alarm(): { clock: FakeClock; rung: number[]; it: Alarm } {
  const clock = new FakeClock(0)
  const rung: number[] = []
  return { clock, rung, it: new Alarm(clock, () => rung.push(clock.nowMs())) }
}

it('rings once at its instant, and not before', async () => {
  const { clock, rung, it: bell } = alarm()
  bell.set(1_000)
  expect(bell.atMs).toBe(1_000)
  await clock.advance(999)
  expect(rung).toEqual([])
  await clock.advance(10_000)
  expect(rung).toEqual([1_000])
  expect(bell.atMs).toBeUndefined()
})

it('is moved by setting it again, and rings only for the last instant', async () => {
  const { clock, rung, it: bell } = alarm()
  bell.set(1_000)
  bell.set(2_000)
  await clock.advance(5_000)
  expect(rung).toEqual([2_000])
})

it('does not ring after it was cleared, and leaves no timer', async () => {
  const { clock, rung, it: bell } = alarm()
  bell.set(1_000)
  bell.set(undefined)
  expect(clock.pending).toBe(0)
  await clock.advance(5_000)
  expect(rung).toEqual([])
})

it('rings in a later turn for an instant that is past', async () => {
  const { clock, rung, it: bell } = alarm()
  bell.set(-5)
  expect(rung).toEqual([])
  await clock.advance(0)
  expect(rung).toEqual([0])
})

it('can be set again from its own ring', async () => {
  const clock = new FakeClock(0)
  const rung: number[] = []
  const bell: Alarm = new Alarm(clock, () => {
    rung.push(clock.nowMs())
    if (rung.length < 3) bell.set(clock.nowMs() + 10)
  })
  bell.set(10)
  await clock.advance(100)
  expect(rung).toEqual([10, 20, 30])
})
