import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const pingFindsDead: Behaviour = {
  name: 'lends no connection that the server has ended while it was idle',
  pool: { pingBypassMs: 0 },
  async run({ openIdle, server, pool, who, user, untilSessions }) {
    await openIdle(3)
    await untilSessions(3)
    await server.endSessions(user())
    expect(await who(pool)).toBe(user())
    expect(await Promise.all([1, 2, 3].map(() => who(pool)))).toEqual([user(), user(), user()])
  },
}
