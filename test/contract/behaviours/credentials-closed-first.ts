import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const credentialsClosedFirst: Behaviour = {
  name: 'credentials that close before their pool cut what is borrowed in time, and the pool says that they are closed',
  credentials: { closeTimeoutMs: 200 },
  async run({ server, pool, credentials, untilSessions, source }) {
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await credentials.close()
    await untilSessions(0)
    expect(source.revoked).toHaveLength(1)
    await expect(borrowed.query('SELECT 1')).rejects.toThrow()
    await borrowed.release()
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  },
}
