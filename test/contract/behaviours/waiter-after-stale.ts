import { expect } from 'vitest'
import { POOL, type Behaviour } from '../scene'

export const waiterAfterStale: Behaviour = {
  name: 'serves who waited for a stale connection with one of the new user',
  max: 1,
  async run({ pool, who, user, credentials, log }) {
    const borrowed = await pool.borrow()
    const old = await who(borrowed)
    const waiting = Promise.all([who(pool), who(pool)])
    await credentials.rotate()
    expect(log.of('probeSkipped')).toMatchObject([{ pool: POOL, generation: 2 }])
    await borrowed.release()
    expect(await waiting).toEqual([user(), user()])
    expect(user()).not.toBe(old)
  },
}
