import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const pingFindsDead: Behaviour = {
  name: 'lends no connection that the server has ended while it was idle',
  pool: { pingBypassMs: 0 },
  async run({ server, pool, who, user, untilSessions }) {
    await Promise.all([1, 2, 3].map(() => pool.query(server.sleep(20))))
    await untilSessions(3)
    await server.endSessions(user())
    expect(await who(pool)).toBe(user())
    expect(await Promise.all([1, 2, 3].map(() => who(pool)))).toEqual([user(), user(), user()])
  },
}
