import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const leakSuspected: Behaviour = {
  name: 'says once of a connection that is held for long where it was borrowed, and again when it is closed by force',
  pool: { leakWarnMs: 50, captureStacks: true },
  credentials: { drainDeadlineMs: 300 },
  async run({ pool, credentials, log }) {
    await pool.query('SELECT 1') // what a library does before, and for how long, is its own affair
    const before = log.of('leakSuspected').length
    const suspected = () => log.of('leakSuspected').slice(before)
    const borrowed = await pool.borrow()
    const stack = expect.stringContaining('test/contract/subjects') as unknown
    await poll('it is suspected', suspected, ({ length }) => length === 1)
    expect(suspected()).toMatchObject([{ pool: POOL, generation: 1, stack }])
    expect(suspected()[0]!.borrowedMs).toBeGreaterThanOrEqual(50)
    await credentials.rotate()
    await poll('it is closed', () => log.of('connectionForced'), (forced) => forced.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ pool: POOL, generation: 1, stack }])
    expect(suspected()).toHaveLength(1)
    await borrowed.release()
  },
}

export const leakNotSuspected: Behaviour = {
  name: 'suspects nobody who gives back in time, however often',
  pool: { leakWarnMs: 60_000 },
  async run({ pool, who, user, log, later }) {
    for (let turn = 0; turn < 5; turn++) {
      const borrowed = await pool.borrow()
      later(40_000)
      expect(await who(borrowed)).toBe(user())
      await borrowed.release()
    }
    expect(log.of('leakSuspected')).toEqual([])
  },
}
