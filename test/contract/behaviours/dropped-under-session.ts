import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const droppedUnderSession: Behaviour = {
  name: 'the session of a user that was dropped under it is found by the check, and a new user serves',
  max: 1,
  not: {
    mariadb: 'an open session keeps all rights of a user that was dropped',
    mysql: 'an open session keeps all rights of a user that was dropped',
  },
  pool: { pingBypassMs: 0 },
  async run({ server, pool, who, user, credentials }) {
    const old = user()
    expect(await pool.query('SELECT label FROM item WHERE id = 7')).toHaveLength(1)
    await server.dropUserOnly(old)
    expect(await pool.query('SELECT label FROM item WHERE id = 7')).toEqual([{ label: 'item 7' }])
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
    expect(credentials.generation).toBe(2)
  },
}
