import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const goodbyeUnanswered: Behaviour = {
  name: 'a stale connection whose goodbye nobody answers holds nobody up, is cut in the end, and then its lease goes back',
  max: 3,
  not: { 'generic-pool with mariadb': 'MariaDB’s connector waits for no answer' },
  throughProxy: true,
  async run({ pool, proxy, who, user, credentials, source, stats, later }) {
    const old = user()
    await pool.query('SELECT 1')
    proxy!.hang()
    proxy!.letNewPass()
    await credentials.rotate()
    expect(await who(pool)).toBe(user())
    expect(stats()).toMatchObject({ sockets: 2, stale: 1 })
    later(6_000)
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
    expect(stats()).toMatchObject({ sockets: 1, stale: 0 })
    proxy!.letGo() // only then does the server's side hear that it was cut
  },
}
