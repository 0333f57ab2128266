import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const killedWhileBorrowed: Behaviour = {
  name: 'a connection that the server ends while it is borrowed fails for its borrower only',
  max: 1,
  async run({ server, pool, who, user }) {
    const borrowed = await pool.borrow()
    const waiting = who(pool)
    const running = borrowed.query(server.sleep(30_000)).then(() => 'answered', () => 'failed') // prettier-ignore
    // Behind PgBouncer, what comes after the end of a session goes to another one.
    await poll('it runs', () => server.running(user()), (count) => count === 1) // prettier-ignore
    await server.endSessions(user())
    expect(await running).toBe('failed')
    await borrowed.release()
    expect(await waiting).toBe(user())
  },
}
