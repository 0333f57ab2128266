import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const streamAcrossRotation: Behaviour = {
  name: 'a stream goes on across a rotation to its last row, and its connection is closed then',
  needs: ['stream'],
  async run({ server, pool, user, credentials, untilSessions, who }) {
    const old = user()
    const seen: number[] = []
    for await (const row of pool.stream!(server.numbers(1_000))) {
      seen.push(Number(row['n']))
      if (seen.length === 1) await credentials.rotate()
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
    await untilSessions(0, old)
    expect(await who(pool)).toBe(user())
  },
}
