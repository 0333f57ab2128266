import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const destroyedWhileStale: Behaviour = {
  name: 'a connection of an old user that its borrower destroys is gone for the drain too',
  max: 1,
  needs: ['destroy'],
  async run({ pool, who, user, credentials, source }) {
    const old = user()
    const borrowed = await pool.borrow()
    const waiting = who(pool)
    await credentials.rotate()
    borrowed.destroy!()
    expect(await waiting).toBe(user())
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
  },
}
