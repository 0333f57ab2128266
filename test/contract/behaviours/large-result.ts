import { expect } from 'vitest'
import type { Behaviour } from '../scene'

const TEXT = 'ä€😀'
const COUNT = 200_000

export const largeResult: Behaviour = {
  name: 'a large result that is on its way when credentials change comes whole',
  throughProxy: true,
  async run({ server, pool, credentials }) {
    const asked = [1, 2].map(() => pool.query(server.repeat(TEXT, COUNT)))
    await Promise.all([credentials.rotate(), ...asked])
    for (const [row] of await Promise.all(asked)) expect(row!['text'] === TEXT.repeat(COUNT)).toBe(true)
  },
}
