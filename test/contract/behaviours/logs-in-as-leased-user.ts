import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const logsInAsLeasedUser: Behaviour = {
  name: 'logs in as the leased user',
  async run({ pool, who, user, sessions }) {
    expect(await who(pool)).toBe(user())
    expect(await pool.query('SELECT label FROM item WHERE id = 7')).toMatchObject([{ label: 'item 7' }])
    expect(await sessions()).toBe(1)
  },
}
