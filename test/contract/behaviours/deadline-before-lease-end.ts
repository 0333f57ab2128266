import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const deadlineBeforeLeaseEnd: Behaviour = {
  name: 'a borrower who does not come back is cut before the lease ends, however late the drain deadline is',
  credentials: { drainDeadlineMs: 24 * 3_600_000 },
  prepare: (source) => void (source.renewable = false),
  async run({ pool, who, user, credentials, log, source, later }) {
    const old = user()
    const borrowed = await pool.borrow()
    const endsInMs = credentials.status().endsInMs!
    await credentials.rotate()
    later(endsInMs - 60_000)
    expect(await who(borrowed)).toBe(old)
    later(55_500)
    await poll('it was cut', () => log.of('connectionForced').length, (count) => count > 0) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ pool: POOL, generation: 1 }])
    await expect(borrowed.query('SELECT 1')).rejects.toThrow()
    await borrowed.release()
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
  },
}
