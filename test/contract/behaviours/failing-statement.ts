import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const failingStatement: Behaviour = {
  name: 'a failing statement is answered with the driver’s own error, and its connection serves on',
  max: 1,
  async run({ server, pool, who, user, sessions }) {
    for (let turn = 0; turn < 3; turn++) {
      await expect(pool.query('SELECT * FROM no_such_table')).rejects.toMatchObject({ code: server.unknownTable })
    }
    expect(await who(pool)).toBe(user())
    expect(await sessions()).toBe(1)
  },
}
