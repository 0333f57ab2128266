import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const thousandWaiters: Behaviour = {
  name: 'serves a thousand callers who wait while credentials change',
  async run({ pool, who, user, credentials }) {
    const old = user()
    const borrowed = await Promise.all([1, 2, 3].map(() => pool.borrow()))
    const asked = Array.from({ length: 1_000 }, () => who(pool))
    await credentials.rotate()
    for (const connection of borrowed) await connection.release()
    expect(new Set(await Promise.all(asked))).toEqual(new Set([user()]))
    expect(user()).not.toBe(old)
  },
}
