import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const idleClosedByRotation: Behaviour = {
  name: 'closes idle connections of the old user by the rotation itself',
  async run({ openIdle, pool, who, user, credentials, untilSessions }) {
    const old = user()
    await openIdle(3)
    await untilSessions(3, old)
    await credentials.rotate()
    await untilSessions(0, old)
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
  },
}
