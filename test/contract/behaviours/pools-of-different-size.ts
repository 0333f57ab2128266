import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const poolsOfDifferentSize: Behaviour = {
  name: 'a full small pool is gone on without when the new user is tried, a bigger one with a free slot is not',
  max: 1,
  async run({ pool, open, who, user, credentials, log }) {
    const bigger = open({ max: 3 })
    const held = [await pool.borrow(), await bigger.borrow(), await bigger.borrow()]
    await credentials.rotate()
    expect(log.of('probeSkipped')).toMatchObject([{ pool: expect.stringMatching(/^pool 1/), generation: 2 }])
    expect(credentials.status().pools.map(({ max, borrowed, stale }) => ({ max, borrowed, stale }))).toEqual([
      { max: 1, borrowed: 1, stale: 1 },
      { max: 3, borrowed: 2, stale: 2 },
    ])
    expect(await who(bigger)).toBe(user())
    for (const borrowed of held) await borrowed.release()
    expect(await who(pool)).toBe(user())
  },
}
