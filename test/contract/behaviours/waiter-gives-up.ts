import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const waiterGivesUp: Behaviour = {
  name: 'who waits longer than it may leaves the queue, also across a rotation, and takes no connection with it',
  max: 1,
  needs: ['patience'],
  async run({ open, who, user, credentials }) {
    const pool = open({ patience: { connectMs: 3_000, queryMs: 60_000 } })
    // A login, too, may take no longer.
    const served = (): Promise<unknown> => poll('it serves', () => who(pool).catch(() => undefined), (name) => name === user(), 30_000) // prettier-ignore
    await served()
    const borrowed = await pool.borrow()
    const gaveUp = [1, 2].map(() => expect(who(pool)).rejects.toThrow())
    await credentials.rotate()
    await Promise.all(gaveUp)
    await borrowed.release()
    await served()
    expect(credentials.status().pools[1]).toMatchObject({ sockets: 1, borrowed: 0, idle: 1 })
  },
}
