import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const leakSuspected: Behaviour = {
  name: 'says once of a connection that is held for long where it was borrowed, and again when it is closed by force',
  pool: { leakWarnMs: 50, captureStacks: true },
  credentials: { drainDeadlineMs: 300 },
  async run({ pool, credentials, log }) {
    const borrowed = await pool.borrow()
    const stack = expect.stringContaining('test/contract/subjects') as unknown
    await poll('it is suspected', () => log.of('leakSuspected'), (suspected) => suspected.length === 1) // prettier-ignore
    expect(log.of('leakSuspected')).toMatchObject([{ pool: POOL, generation: 1, stack }])
    expect(log.of('leakSuspected')[0]!.borrowedMs).toBeGreaterThanOrEqual(50)
    await credentials.rotate()
    await poll('it is closed', () => log.of('connectionForced'), (forced) => forced.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ pool: POOL, generation: 1, stack }])
    expect(log.of('leakSuspected')).toHaveLength(1)
    await borrowed.release()
  },
}

export const leakNotSuspected: Behaviour = {
  name: 'suspects nobody who gives back in time, however often',
  pool: { leakWarnMs: 1_000 },
  async run({ server, pool, log }) {
    const until = performance.now() + 1_500
    while (performance.now() < until) await pool.query(server.sleep(20))
    expect(log.of('leakSuspected')).toEqual([])
  },
}
