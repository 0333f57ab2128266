import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const pingByIdleTime: Behaviour = {
  name: 'a connection is checked when it was idle for longer than the bypass, and otherwise lent as it is',
  not: BEHIND_PGBOUNCER,
  max: 1,
  throughProxy: true,
  pool: { pingBypassMs: 60_000 },
  async run({ pool, later, proxy, session }) {
    const before = await session(pool)
    const bytesToLend = async (): Promise<number> => {
      const sent = proxy!.received
      const borrowed = await pool.borrow()
      const took = proxy!.received - sent
      expect(await session(borrowed)).toBe(before)
      await borrowed.release()
      return took
    }
    expect(await bytesToLend()).toBe(0)
    later(59_000)
    expect(await bytesToLend()).toBe(0)
    later(61_000)
    expect(await bytesToLend()).toBeGreaterThan(0)
    expect(await bytesToLend()).toBe(0)
  },
}
