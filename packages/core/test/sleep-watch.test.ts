import { describe, expect, it } from 'vitest'
import { LeaseLostError } from '../src/source'
import { SleepWatch } from '../src/sleep-watch'
import { FakeClock } from './support/fake-clock'
import { started } from './support/handle'

const HOUR = 3_600_000

describe('SleepWatch', () => {
  it('tells how long the machine was suspended, within 15 s of its waking', async () => {
    const clock = new FakeClock(0)
    const woke: number[] = []
    new SleepWatch(clock, (missedMs) => woke.push(missedMs))
    await clock.advance(100_000)
    expect(woke).toEqual([])
    clock.suspend(600_000)
    await clock.advance(15_000)
    expect(woke).toEqual([600_000])
    await clock.advance(HOUR)
    expect(woke).toEqual([600_000])
  })

  it('takes neither a clock that is set right for a sleep, nor a process that was stopped', async () => {
    const clock = new FakeClock(0)
    const woke: number[] = []
    new SleepWatch(clock, (missedMs) => woke.push(missedMs))
    clock.suspend(4_999)
    await clock.advance(60_000)
    clock.suspend(-600_000)
    await clock.advance(60_000)
    clock.jump(600_000)
    await clock.advance(60_000)
    expect(woke).toEqual([])
  })
})

describe('credentials on a machine that was suspended', () => {
  it('renew at once: a lease that lives goes on', async () => {
    const { clock, of } = await started()
    clock.suspend(1_000_000)
    await clock.advance(15_000)
    expect(of('wokeUp').map(({ event }) => event)).toEqual([{ missedMs: 1_000_000 }])
    expect(of('renewed').map(({ atMs }) => atMs)).toEqual([15_000])
    expect(of('rotated')).toEqual([])
  })

  it('replace at once what has ended meanwhile', async () => {
    const { clock, source, of } = await started()
    clock.suspend(2 * HOUR)
    source.onRenew = (lease) => {
      if (lease.id === 'lease-1') throw new LeaseLostError({ cause: undefined })
    }
    await clock.advance(15_000)
    expect(of('rotated').map(({ event, atMs }) => [event.reason, atMs])).toEqual([['lease-lost', 15_000]])
  })

  it('replace what cannot be renewed, because nobody can say how long it lasts', async () => {
    const { clock, of } = await started({ prepare: (source) => void (source.renewable = false) })
    clock.suspend(600_000)
    await clock.advance(15_000)
    expect(of('rotated').map(({ event }) => event.reason)).toEqual(['woke-up'])
  })

  it('find the time lost by a stopped process by themselves: the late renewal becomes a rotation', async () => {
    const { clock, of, calls } = await started()
    clock.jump(2 * HOUR)
    await clock.advance(0)
    expect(of('rotated').map(({ event }) => event.reason)).toEqual(['lease-lost'])
    expect(calls.filter((call) => call.startsWith('renew'))).toEqual([])
  })
})
