import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const pinned: Behaviour = {
  name: 'a pinned connection outlives the drain deadline, which is told, and is closed when it comes back',
  max: 2,
  credentials: { drainDeadlineMs: 100 },
  async run({ pool, who, user, credentials, log, source, sessions, untilSessions }) {
    const old = user()
    const borrowed = await pool.borrow()
    borrowed.pin()
    await credentials.rotate()
    await poll('the deadline has come', () => log.of('pinnedConnectionKept'), (kept) => kept.length === 1) // prettier-ignore
    expect(log.of('pinnedConnectionKept')).toMatchObject([{ pool: POOL, generation: 1 }])
    expect(log.of('connectionForced')).toEqual([])
    await credentials.rotate()
    await poll('the second user is gone', () => source.revoked, (revoked) => revoked.length === 1) // prettier-ignore
    expect(await who(borrowed)).toBe(old)
    expect(await sessions(old)).toBe(1)
    await borrowed.release()
    await untilSessions(0, old)
    await poll('the first one too', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
    expect(await who(pool)).toBe(user())
  },
}

export const pinnedUntilClose: Behaviour = {
  name: 'a pinned connection is closed when the credentials are',
  credentials: { drainDeadlineMs: 50, closeTimeoutMs: 100 },
  async run({ pool, user, credentials, log, untilSessions }) {
    const old = user()
    const borrowed = await pool.borrow()
    borrowed.pin()
    await credentials.rotate()
    await poll('the deadline has come', () => log.of('pinnedConnectionKept'), (kept) => kept.length === 1) // prettier-ignore
    await credentials.close()
    await untilSessions(0, old)
    expect(log.of('connectionForced')).toMatchObject([{ generation: 1 }])
    await expect(borrowed.query('SELECT 1')).rejects.toThrow()
    await borrowed.release()
  },
}
