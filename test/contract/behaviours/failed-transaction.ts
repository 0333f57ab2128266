import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const failedTransaction: Behaviour = {
  name: 'a transaction that fails is rolled back by its borrower, and its connection serves on',
  max: 1,
  async run({ server, pool, session, user, credentials }) {
    const label = `failed with ${user()}`
    const before = await session(pool)
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await borrowed.query(`INSERT INTO item (label) VALUES ('${label}')`)
    await expect(borrowed.query('SELECT * FROM no_such_table')).rejects.toMatchObject({ code: server.unknownTable })
    await borrowed.query('ROLLBACK')
    await borrowed.release()
    if (server.sessionForEachConnection) expect(await session(pool)).toBe(before)
    expect(await pool.query(`SELECT label FROM item WHERE label = '${label}'`)).toEqual([])
    expect(credentials.generation).toBe(1)
  },
}
