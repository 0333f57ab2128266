import { expect } from 'vitest'
import type { Behaviour } from '../scene'

/** Saturated, and rotating all the time. */
const saturated = (max: number, callers: number): Behaviour => ({
  name: `never has more than ${max} sockets while ${callers} callers work and credentials change`,
  max,
  throughProxy: true,
  async run({ server, pool, credentials, proxy }) {
    let isOver = false
    const rotating = (async () => {
      for (let turn = 0; turn < 8 && !isOver; turn++) await credentials.rotate()
    })()
    const caller = async (_: unknown, number: number): Promise<void> => {
      for (let turn = 0; turn < 4; turn++) {
        const borrowed = await pool.borrow()
        await borrowed.query(server.sleep((number + turn) % 7))
        await borrowed.release()
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    isOver = true
    await rotating
    expect(proxy!.peak).toBe(max)
  },
})

export const neverAboveMax: readonly Behaviour[] = [saturated(1, 10), saturated(2, 20), saturated(3, 30)]
