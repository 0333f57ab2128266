import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const loginOvertaken: Behaviour = {
  name: 'a login that a rotation overtakes serves its caller once, with the user that it began with, and is closed then',
  throughProxy: true,
  needs: ['lazy'],
  async run({ pool, who, user, credentials, proxy, source, log, untilSessions }) {
    const old = user()
    proxy!.hang()
    const asked = pool.borrow()
    await poll('it is on its way', () => proxy!.open, (open) => open === 1) // prettier-ignore
    proxy!.letNewPass()
    await credentials.rotate()
    expect(log.of('drained')).toEqual([])
    proxy!.letGo()
    const borrowed = await asked
    expect(await who(borrowed)).toBe(old)
    expect(source.revoked).toEqual([])
    await borrowed.release()
    await untilSessions(0, old)
    expect(await who(pool)).toBe(user())
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
  },
}
