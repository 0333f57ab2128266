import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const manyGenerations: Behaviour = {
  name: 'keeps the connection of a long transaction through many rotations, and no other old one',
  async run({ server, pool, who, user, credentials, sessions, untilSessions }) {
    const first = user()
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    for (let turn = 0; turn < 10; turn++) {
      await credentials.rotate()
      expect(await who(pool)).toBe(user())
    }
    await untilSessions(1, user())
    expect(await sessions(first)).toBe(1)
    expect(await who(borrowed)).toBe(first)
    await borrowed.query('COMMIT')
    await borrowed.release()
    await untilSessions(0, first)
    await untilSessions(1)
  },
}
