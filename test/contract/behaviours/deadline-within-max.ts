import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

/** Where everything that may be open is cut at once. */
export const deadlineWithinMax: Behaviour = {
  name: 'what still runs at the drain deadline is ended on the server too without one socket more than the pool may have',
  max: 2,
  throughProxy: true,
  not: { 'generic-pool with pg': 'it is its own factory that cancels, with a socket of its own' },
  credentials: { drainDeadlineMs: 100 },
  async run({ server, pool, proxy, who, user, credentials, log, untilSessions }) {
    const old = user()
    proxy!.refuseAbove(2)
    const borrowed = [await pool.borrow(), await pool.borrow()]
    const failed = borrowed.map((each) => expect(each.query(server.sleep(30_000))).rejects.toThrow())
    await credentials.rotate()
    await Promise.all(failed)
    await untilSessions(0, old)
    await poll('it is drained', () => log.of('drained'), (drained) => drained.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toHaveLength(2)
    for (const each of borrowed) await each.release()
    expect(await who(pool)).toBe(user())
    expect({ peak: proxy!.peak, refused: proxy!.refused }).toEqual({ peak: 2, refused: 0 })
  },
}
