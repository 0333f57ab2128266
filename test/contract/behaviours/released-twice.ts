import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const releasedTwice: Behaviour = {
  name: 'a connection that its borrower gives back twice is lent to one at a time',
  not: BEHIND_PGBOUNCER,
  max: 2,
  async run({ pool, session }) {
    const borrowed = await pool.borrow()
    await borrowed.release()
    // Some libraries throw, some do not mind.
    await Promise.resolve()
      .then(() => borrowed.release())
      .catch(() => undefined)
    const held = [await pool.borrow(), await pool.borrow()]
    const [one, other] = await Promise.all(held.map((each) => session(each)))
    expect(one).not.toBe(other)
    for (const each of held) await each.release()
  },
}
