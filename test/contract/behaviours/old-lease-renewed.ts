import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const oldLeaseRenewed: Behaviour = {
  name: 'the lease of an old user is renewed for as long as a transaction needs it',
  credentials: { drainDeadlineMs: 24 * 3_600_000 },
  async run({ server, pool, who, user, credentials, source, log, later }) {
    const old = user()
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await credentials.rotate()
    for (const turn of [1, 2, 3]) {
      later(41 * 60_000) // two hours in all, and each lease is of one
      await poll('it was renewed', () => source.renewed.filter((id) => id === old).length, (count) => count === turn) // prettier-ignore
    }
    expect(await who(borrowed)).toBe(old)
    await borrowed.query('COMMIT')
    await borrowed.release()
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
    expect(log.of('connectionForced')).toEqual([])
  },
}
