import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const silentNetwork: Behaviour = {
  name: 'idle connections behind which the network went silent are cut at the first check that gets no answer, and another one serves',
  throughProxy: true,
  pool: { pingBypassMs: 0, pingTimeoutMs: 100 },
  async run({ openIdle, pool, proxy, who, user, stats }) {
    await openIdle(3)
    proxy!.hang()
    proxy!.letNewPass()
    expect(await who(pool)).toBe(user())
    await poll('the others are cut', () => stats().sockets, (sockets) => sockets === 1) // prettier-ignore
    proxy!.letGo() // only then does the server's side hear that they were cut
  },
}
