import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const rotationsInARow: Behaviour = {
  name: 'rotations that follow each other at once leave each user’s connection to its borrower, and then nobody',
  async run({ pool, who, user, credentials, source, log }) {
    const held = []
    const users = []
    for (let turn = 0; turn < 2; turn++) {
      users.push(user())
      held.push(await pool.borrow())
      await credentials.rotate()
    }
    expect(await Promise.all(held.map(who))).toEqual(users)
    expect(credentials.status().draining).toEqual([1, 2])
    expect(await who(pool)).toBe(user())
    for (const borrowed of held) await borrowed.release()
    await poll('both were given back', () => source.revoked.length, (count) => count === 2) // prettier-ignore
    expect(log.of('rotated').map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [2, 3],
    ])
  },
}
