import { systemClock, type Clock } from '@leasepool/core'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

/** Sooner than any of the time limits that there are for closing; pauses between closing one and the next are shorter. */
const SHORTEST_LIMIT_MS = 900

/** Real time, and how many sleeps are under way. Time limits never come: whatever is left of them stays. */
class CountingClock implements Clock {
  pending = 0
  readonly nowMs = (): number => systemClock.nowMs()
  readonly dateMs = (): number => systemClock.dateMs()

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pending += 1
    try {
      await systemClock.sleep(ms < SHORTEST_LIMIT_MS ? ms : 24 * 3_600_000, signal)
    } finally {
      this.pending -= 1
    }
  }
}

export const noTimerLeft: Behaviour = {
  name: 'no timer holds a connection that has ended',
  async run({ open, credentials, untilSessions }) {
    const clock = new CountingClock()
    const pool = open({ clock })
    for (let rotation = 0; rotation < 5; rotation++) {
      const borrowed = [await pool.borrow(), await pool.borrow()]
      await credentials.rotate()
      await borrowed[0]!.release()
      await (borrowed[1]!.destroy ?? borrowed[1]!.release)()
    }
    await untilSessions(0)
    await poll('no sleep is under way', () => clock.pending, (pending) => pending === 0) // prettier-ignore
  },
}
