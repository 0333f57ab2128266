import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const deadlineCutsTransaction: Behaviour = {
  name: 'closes a connection that its borrower forgot at the drain deadline, and gives its slot to others',
  max: 1,
  credentials: { drainDeadlineMs: 100 },
  async run({ server, pool, who, user, credentials, untilSessions }) {
    const old = user()
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await credentials.rotate()
    await untilSessions(0, old)
    await expect(borrowed.query('SELECT 1')).rejects.toThrow()
    await borrowed.release()
    expect(await who(pool)).toBe(user())
  },
}
