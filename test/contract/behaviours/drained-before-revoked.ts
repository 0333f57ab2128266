import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const drainedBeforeRevoked: Behaviour = {
  name: 'gives the old lease back only when its last connection is gone',
  async run({ pool, user, credentials, source, log, who }) {
    const old = user()
    const borrowed = await pool.borrow()
    await credentials.rotate()
    expect(await who(pool)).toBe(user())
    expect(log.of('drained')).toEqual([])
    expect(source.revoked).toEqual([])
    await borrowed.release()
    await poll('it was given back', () => log.of('revoked'), (revoked) => revoked.length === 1) // prettier-ignore
    expect(source.revoked).toEqual([old])
    const names = log.all.map(({ name }) => name).filter((name) => name === 'drained' || name === 'revoked')
    expect(names).toEqual(['drained', 'revoked'])
    expect(log.of('drained')).toMatchObject([{ generation: 1, reason: 'idle' }])
  },
}
