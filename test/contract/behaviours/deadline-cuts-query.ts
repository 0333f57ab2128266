import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const deadlineCutsQuery: Behaviour = {
  name: 'ends what still runs at the drain deadline, on the server too, and says which it was',
  credentials: { drainDeadlineMs: 100 },
  async run({ server, source, pool, who, user, credentials, log, untilSessions }) {
    const old = user()
    let isOver = false // before it could be by the end of the user
    source.beforeRevoke = async () => {
      await untilSessions(0, old)
      isOver = true
    }
    const borrowed = await pool.borrow()
    const running = borrowed.query(server.sleep(30_000))
    const failed = expect(running).rejects.toThrow()
    await credentials.rotate()
    await failed
    await poll('nothing runs', () => isOver, (is) => is, 15_000) // prettier-ignore
    await poll('it is drained', () => log.of('drained'), (drained) => drained.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ pool: POOL, generation: 1 }])
    expect(log.of('connectionForced')[0]!.borrowedMs).toBeGreaterThanOrEqual(100)
    expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'deadline' }])
    await borrowed.release()
    expect(await who(pool)).toBe(user())
  },
}
