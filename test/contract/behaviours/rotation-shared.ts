import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const rotationShared: Behaviour = {
  name: 'who asks for a rotation at the same time shares one, and so do all pools',
  async run({ pool, open, who, user, credentials, source, log }) {
    const other = open()
    expect(await Promise.all([who(pool), who(other)])).toEqual([user(), user()])
    await Promise.all([1, 2, 3, 4, 5].map(() => credentials.rotate()))
    expect(source.issued).toBe(2)
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2 }])
    expect(await Promise.all([who(pool), who(other)])).toEqual([user(), user()])
  },
}
