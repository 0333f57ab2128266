import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const loginOvertakenByRevocation: Behaviour = {
  name: 'logins under way whose user is replaced and dropped meanwhile are made again with the new one: no caller fails',
  throughProxy: true,
  needs: ['lazy'],
  async run({ server, pool, who, user, credentials, proxy, log }) {
    const old = user()
    proxy!.hang()
    const asked = [who(pool), who(pool)]
    await poll('they are on their way', () => proxy!.open, (open) => open === 2) // prettier-ignore
    proxy!.letNewPass()
    await credentials.rotate()
    await server.dropUser(old)
    proxy!.letGo()
    expect(await Promise.all(asked)).toEqual([user(), user()])
    // The user of before is nobody's trouble any more: no third one is taken.
    expect(log.of('loginRefused')).toEqual([])
    expect(credentials.generation).toBe(2)
  },
}
