import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const transactionAcrossRotation: Behaviour = {
  name: 'lets a transaction go on across a rotation, and lends its connection to nobody afterwards',
  async run({ server, pool, who, user, credentials, untilSessions }) {
    const old = user()
    const label = `kept by ${old}`
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await borrowed.query(`INSERT INTO item (label) VALUES ('${label}')`)
    await credentials.rotate()
    expect(await who(borrowed)).toBe(old)
    expect(await who(pool)).toBe(user())
    await borrowed.query('COMMIT')
    await borrowed.release()
    await untilSessions(0, old)
    expect(await pool.query(`SELECT label FROM item WHERE label = '${label}'`)).toEqual([{ label }])
  },
}
