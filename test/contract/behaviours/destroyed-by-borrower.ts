import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const destroyedByBorrower: Behaviour = {
  name: 'a connection that its borrower destroys is replaced for who waits',
  max: 1,
  needs: ['destroy'],
  async run({ pool, who, user, untilSessions }) {
    const borrowed = await pool.borrow()
    const waiting = who(pool)
    borrowed.destroy!()
    expect(await waiting).toBe(user())
    await untilSessions(1)
  },
}
