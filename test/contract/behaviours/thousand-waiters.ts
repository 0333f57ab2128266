import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const thousandWaiters: Behaviour = {
  name: 'serves a thousand callers who wait while credentials change',
  async run({ pool, who, user, credentials }) {
    const old = user()
    const asked = Array.from({ length: 1_000 }, () => who(pool))
    await credentials.rotate()
    const users = new Set(await Promise.all(asked))
    expect([...users].filter((name) => name !== old && name !== user())).toEqual([])
    expect(users).toContain(user())
  },
}
