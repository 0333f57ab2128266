import { expect } from 'vitest'
import type { Behaviour } from '../scene'

/** Saturated, and rotating all the time. */
const saturated = (max: number, callers: number): Behaviour => ({
  name: `never has more than ${max} sockets while ${callers} callers work and credentials change`,
  max,
  async run({ server, pool, credentials, sessions, stats }) {
    let isOver = false
    let peak = 0
    const rotating = (async () => {
      while (!isOver) await credentials.rotate()
    })()
    const watching = (async () => {
      while (!isOver) peak = Math.max(peak, await sessions(), stats().sockets)
    })()
    const caller = async (_: unknown, number: number): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) {
        const borrowed = await pool.borrow()
        await borrowed.query(server.sleep((number + turn) % 7))
        await borrowed.release()
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    isOver = true
    await Promise.all([rotating, watching])
    expect(peak).toBeGreaterThan(0)
    expect(peak).toBeLessThanOrEqual(max)
  },
})

export const neverAboveMax: readonly Behaviour[] = [saturated(1, 10), saturated(2, 20), saturated(3, 30)]
