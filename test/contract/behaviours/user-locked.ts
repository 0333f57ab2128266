import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const userLocked: Behaviour = {
  name: 'a user that an operator locks out is replaced at the next login, and open connections serve until then',
  async run({ server, pool, who, user, credentials, log }) {
    const old = user()
    const borrowed = await pool.borrow()
    await server.setLogin(old, false)
    expect(await who(borrowed)).toBe(old)
    expect(credentials.generation).toBe(1)
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'login-refused' }])
    await borrowed.release()
  },
}
