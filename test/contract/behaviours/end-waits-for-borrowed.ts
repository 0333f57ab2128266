import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const endWaitsForBorrowed: Behaviour = {
  name: 'end() lets what is borrowed finish, and resolves when every socket is closed',
  needs: ['end-waits'],
  async run({ server, pool, untilSessions, stats }) {
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    let isEnded = false
    const ended = pool.end().then(() => (isEnded = true))
    expect(await borrowed.query('SELECT 1 AS one')).toMatchObject([{ one: 1 }])
    await borrowed.query('COMMIT')
    expect(isEnded).toBe(false)
    await borrowed.release()
    await ended
    expect(stats()).toBeUndefined()
    await untilSessions(0) // MariaDB lists a session for a moment after its socket has closed
  },
}
