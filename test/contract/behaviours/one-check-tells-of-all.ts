import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

const PING_TIMEOUT_MS = 60_000

export const oneCheckTellsOfAll: Behaviour = {
  name: 'one check without an answer tells of all connections that were idle for as long: who asked waits for no second one',
  throughProxy: true,
  pool: { pingBypassMs: 0, pingTimeoutMs: PING_TIMEOUT_MS },
  not: {
    'generic-pool with pg': 'it lends what was idle longest',
    'generic-pool with mariadb': 'it lends what was idle longest',
  },
  async run({ openIdle, pool, proxy, who, user, stats, later }) {
    await openIdle(3)
    proxy!.hang()
    proxy!.letNewPass()
    const asked = who(pool)
    await poll('one is being checked', () => stats().borrowed, (borrowed) => borrowed === 1) // prettier-ignore
    later(PING_TIMEOUT_MS + 1)
    expect(await asked).toBe(user())
    proxy!.letGo() // only then does the server's side hear that they were cut
  },
}
