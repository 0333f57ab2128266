import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const loginsPaused: Behaviour = {
  name: 'so many refused logins and no more, then nobody tries until there is a new credential',
  credentials: { refusedLoginsPerMinute: 3 },
  max: 1,
  throughProxy: true,
  needs: ['lazy'],
  async run({ server, pool, who, user, credentials, source, log, proxy }) {
    source.failure = new Error('Vault is away')
    await server.setLogin(user(), false)
    for (let turn = 0; turn < 3; turn++) await expect(who(pool)).rejects.not.toMatchObject({ code: 'ERR_LOGIN_PAUSED' })
    expect(log.of('loginRefused')).toMatchObject([{ generation: 1 }])
    expect(log.of('loginsPaused')).toMatchObject([{ generation: 1, refused: 3 }])
    const tried = proxy!.accepted
    await expect(who(pool)).rejects.toMatchObject({ code: 'ERR_LOGIN_PAUSED' })
    expect(proxy!.accepted).toBe(tried)
    source.failure = undefined
    await credentials.rotate()
    expect(await who(pool)).toBe(user())
  },
}
