import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const probeTriedAgain: Behaviour = {
  name: 'tries a new user again that cannot log in yet, as on a replica that is behind, before anybody depends on it',
  async run({ server, pool, who, user, credentials, source, log }) {
    source.refusesLogins = true
    let allowed: Promise<void> | undefined
    credentials.on('probeFailed', () => {
      allowed ??= server.setLogin(log.of('issued').at(-1)!.username, true)
    })
    await credentials.rotate()
    await allowed
    expect(log.of('probeFailed')[0]).toMatchObject({ generation: 2, attempt: 1 })
    expect(log.of('loginRefused')).toEqual([])
    expect(await who(pool)).toBe(user())
    expect(credentials.generation).toBe(2)
  },
}
