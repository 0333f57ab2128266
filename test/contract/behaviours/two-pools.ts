import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const twoPools: Behaviour = {
  name: 'two pools on one credential move together, and the slower one holds back the lease',
  async run({ pool, open, who, user, credentials, source, log }) {
    const other = open()
    const borrowed = await other.borrow()
    const old = user()
    expect(await who(pool)).toBe(old)
    await credentials.rotate()
    expect([await who(pool), await who(other)]).toEqual([user(), user()])
    expect(source.revoked).toEqual([])
    const stale = (): string =>
      credentials
        .status()
        .pools.map((one) => one.stale)
        .join(' and ')
    // The idle one may be on its way still.
    await poll('the borrowed one is all that is stale', stale, (counts) => counts === '0 and 1')
    expect(await who(borrowed)).toBe(old)
    await borrowed.release()
    expect(log.of('probeFailed')).toEqual([])
  },
}
