import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const loginOvertakenByDeadline: Behaviour = {
  name: 'logins that are still under way at the drain deadline are made again with the new user: no caller fails',
  credentials: { drainDeadlineMs: 100 },
  throughProxy: true,
  needs: ['lazy'],
  async run({ pool, who, user, credentials, proxy, log }) {
    proxy!.hang()
    const asked = Promise.all([who(pool), who(pool)])
    await poll('they are on their way', () => proxy!.open, (open) => open === 2) // prettier-ignore
    proxy!.letNewPass()
    await credentials.rotate()
    expect(await asked).toEqual([user(), user()])
    expect(log.of('connectionForced')).toEqual([]) // nobody had borrowed them
    expect(credentials.generation).toBe(2)
  },
}
