import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const passwordChanged: Behaviour = {
  name: 'a login that is refused takes a new credential, once for everybody, and is tried again with it',
  needs: ['lazy'],
  async run({ server, pool, who, user, credentials, log, source }) {
    const old = user()
    await server.setPassword(old, 'Somebody-elses-now')
    const users = await Promise.all([1, 2, 3].map(() => who(pool)))
    expect(user()).not.toBe(old)
    expect(users).toEqual([user(), user(), user()])
    expect(log.of('loginRefused')).toMatchObject([{ generation: 1 }])
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'login-refused' }])
    expect(credentials.generation).toBe(2)
    expect(source.revoked).not.toContain(user())
  },
}
