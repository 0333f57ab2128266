import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const oneUserCloses: Behaviour = {
  name: 'a new password of the same user replaces connections all the same: it is generations that count, not names',
  not: BEHIND_PGBOUNCER,
  prepare: (source) => void (source.oneUser = 'closes'),
  async run({ pool, who, session, user, credentials }) {
    const before = await session(pool)
    const borrowed = await pool.borrow()
    const name = user()
    await credentials.rotate()
    expect(user()).toBe(name)
    expect(credentials.status().pools[0]).toMatchObject({ borrowed: 1, stale: 1 })
    await borrowed.release()
    expect(await session(pool)).not.toBe(before)
    expect(await who(pool)).toBe(name)
  },
}
