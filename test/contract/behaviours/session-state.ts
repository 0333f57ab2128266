import { expect } from 'vitest'
import { BEHIND_PGBOUNCER, type Behaviour } from '../scene'

export const sessionState: Behaviour = {
  name: 'what a borrower sets in its session is there for the next one, as ever, and not for the first of a new user',
  not: BEHIND_PGBOUNCER,
  max: 1,
  async run({ server, pool, credentials }) {
    await pool.query(server.setState)
    expect(await pool.query(server.state)).toEqual([{ state: 'mine' }])
    await credentials.rotate()
    expect(await pool.query(server.state)).toEqual([{ state: '' }])
  },
}
