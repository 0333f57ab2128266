import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const holderNeverReleases: Behaviour = {
  name: 'who waits behind a borrower that never comes back is served when that is cut',
  max: 1,
  credentials: { drainDeadlineMs: 100 },
  async run({ pool, who, user, credentials, log }) {
    const borrowed = await pool.borrow()
    const waiting = [who(pool), who(pool), who(pool)]
    await credentials.rotate()
    expect(await Promise.all(waiting)).toEqual([user(), user(), user()])
    await poll('it is drained', () => log.of('drained'), (drained) => drained.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ generation: 1 }])
    await borrowed.release() // late, and harmless
    expect(await who(pool)).toBe(user())
  },
}
