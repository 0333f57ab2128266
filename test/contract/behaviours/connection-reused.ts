import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const connectionReused: Behaviour = {
  name: 'one connection serves who comes one after the other',
  not: BEHIND_PGBOUNCER,
  throughProxy: true,
  async run({ pool, session, proxy }) {
    const sessions = new Set<number>()
    for (let turn = 0; turn < 20; turn++) sessions.add(await session(pool))
    expect(sessions.size).toBe(1)
    expect(proxy!.peak).toBe(1)
  },
}
