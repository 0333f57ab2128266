import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const endedDuringRotation: Behaviour = {
  name: 'a pool that ends while a rotation is under way ends at once, and holds up nobody else',
  async run({ pool, open, who, user, credentials, source, log }) {
    const other = open()
    expect(await Promise.all([who(pool), who(other)])).toEqual([user(), user()])
    let letGo = (): void => undefined
    source.gate = new Promise((resolve) => (letGo = resolve))
    const rotating = credentials.rotate()
    await pool.end()
    expect(credentials.status()).toMatchObject({ isRotating: true, pools: [{ name: expect.stringMatching(/^pool 2/) }] })
    letGo()
    await rotating
    expect(log.of('probeFailed')).toEqual([])
    expect(await who(other)).toBe(user())
    expect(credentials.generation).toBe(2)
  },
}
