import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const oneUserKeeps: Behaviour = {
  name: 'a new password of a user who stays lets connections be, where the source says so, and new ones log in with it',
  not: BEHIND_PGBOUNCER,
  prepare: (source) => void (source.oneUser = 'keeps'),
  async run({ pool, session, credentials }) {
    const before = await session(pool)
    await credentials.rotate()
    expect(await session(pool)).toBe(before)
    const held = [await pool.borrow(), await pool.borrow()]
    const sessions = await Promise.all(held.map((borrowed) => session(borrowed)))
    expect(sessions).toContain(before)
    expect(new Set(sessions).size).toBe(2)
    expect(credentials.status().pools[0]).toMatchObject({ borrowed: 2, stale: 0 })
    for (const borrowed of held) await borrowed.release()
  },
}
