import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const cutTransactionUndone: Behaviour = {
  name: 'what a transaction that is cut has done is undone, and its locks are free',
  credentials: { drainDeadlineMs: 100 },
  async run({ server, pool, user, credentials, untilSessions }) {
    const old = user()
    const label = `cut with ${old}`
    await pool.query(`INSERT INTO item (label) VALUES ('${label}')`)
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await borrowed.query(`DELETE FROM item WHERE label = '${label}'`)
    await credentials.rotate()
    await untilSessions(0, old)
    await borrowed.release()
    expect(await pool.query(`SELECT label FROM item WHERE label = '${label}'`)).toEqual([{ label }])
    await pool.query(`DELETE FROM item WHERE label = '${label}'`)
  },
}
