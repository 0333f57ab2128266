import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const killedWhileIdle: Behaviour = {
  name: 'connections that the server ends while they are idle are replaced, and end no process',
  async run({ server, pool, who, user, untilSessions }) {
    await Promise.all([1, 2, 3].map(() => pool.query(server.sleep(20))))
    await server.endSessions(user())
    if (server.sessionForEachConnection) await untilSessions(0)
    expect(await Promise.all([who(pool), who(pool)])).toEqual([user(), user()])
  },
}
