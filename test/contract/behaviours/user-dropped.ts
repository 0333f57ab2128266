import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const userDropped: Behaviour = {
  name: 'a user that an operator drops is replaced when its connections are gone',
  pool: { pingBypassMs: 0 },
  async run({ server, pool, who, user, untilSessions }) {
    const old = user()
    expect(await who(pool)).toBe(old)
    await server.dropUser(old)
    if (server.sessionForEachConnection) await untilSessions(0)
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
  },
}
