import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const deadlineCutsAll: Behaviour = {
  name: 'a deadline of 0 cuts everything that is borrowed, each with an event, and all slots are free afterwards',
  credentials: { drainDeadlineMs: 0 },
  async run({ pool, who, user, credentials, log, stats }) {
    const held = [await pool.borrow(), await pool.borrow(), await pool.borrow()]
    await credentials.rotate()
    await poll('it is drained', () => log.of('drained').length, (count) => count === 1) // prettier-ignore
    expect(log.of('connectionForced').map(({ generation }) => generation)).toEqual([1, 1, 1])
    for (const borrowed of held) {
      await expect(borrowed.query('SELECT 1')).rejects.toThrow()
      await borrowed.release()
    }
    const again = [await pool.borrow(), await pool.borrow(), await pool.borrow()]
    for (const borrowed of again) {
      expect(await who(borrowed)).toBe(user())
      await borrowed.release()
    }
    expect(stats()).toMatchObject({ sockets: 3, borrowed: 0, stale: 0 })
  },
}
