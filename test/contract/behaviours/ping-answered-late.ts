import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const pingAnsweredLate: Behaviour = {
  name: 'a connection whose check got no answer in time is never lent again, though the answer comes later',
  not: BEHIND_PGBOUNCER,
  max: 2,
  throughProxy: true,
  pool: { pingBypassMs: 0, pingTimeoutMs: 100 },
  async run({ pool, proxy, session, sessions, stats }) {
    const before = await session(pool)
    proxy!.hang()
    proxy!.letNewPass()
    const borrowed = await pool.borrow()
    proxy!.letGo()
    expect(await session(borrowed)).not.toBe(before)
    await borrowed.release()
    for (let turn = 0; turn < 3; turn++) expect(await session(pool)).not.toBe(before)
    const counts = async (): Promise<number[]> => [await sessions(), stats().sockets] // the late one may take its time to end
    await poll('as many sessions as sockets', counts, ([there, ours]) => there === ours)
  },
}
