import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const killedWhileStale: Behaviour = {
  name: 'a connection of an old user that the server ends is gone for the drain, though its borrower still holds it',
  not: BEHIND_PGBOUNCER,
  async run({ server, pool, who, user, credentials, source, log }) {
    const old = user()
    const borrowed = await pool.borrow()
    await credentials.rotate()
    await server.endSessions(old)
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
    expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'idle' }])
    await borrowed.release()
    expect(await who(pool)).toBe(user())
  },
}
