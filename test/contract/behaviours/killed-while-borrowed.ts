import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const killedWhileBorrowed: Behaviour = {
  name: 'a connection that the server ends while it is borrowed fails for its borrower only',
  max: 1,
  async run({ server, pool, who, user }) {
    const borrowed = await pool.borrow()
    const waiting = who(pool)
    const running = expect(borrowed.query(server.sleep(30_000))).rejects.toThrow()
    await server.endSessions(user())
    await running
    await borrowed.release()
    expect(await waiting).toBe(user())
  },
}
