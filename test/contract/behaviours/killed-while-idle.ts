import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const killedWhileIdle: Behaviour = {
  name: 'connections that the server ends while they are idle are replaced, and end no process',
  async run({ openIdle, server, pool, who, user, untilSessions }) {
    await openIdle(3)
    await server.endSessions(user())
    if (server.sessionForEachConnection) await untilSessions(0)
    expect(await Promise.all([who(pool), who(pool)])).toEqual([user(), user()])
  },
}
