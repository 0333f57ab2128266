import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const poolReplaced: Behaviour = {
  name: 'the end of a pool gives nothing back that others need: the next one on the same credentials goes on',
  async run({ pool, open, who, user, credentials, source }) {
    const before = user()
    expect(await who(pool)).toBe(before)
    await pool.end()
    expect(source.revoked).toEqual([])
    const next = open()
    expect(await who(next)).toBe(before)
    await credentials.rotate()
    expect(await who(next)).toBe(user())
  },
}
