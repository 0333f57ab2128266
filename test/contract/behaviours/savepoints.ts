import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const savepoints: Behaviour = {
  name: 'savepoints of a transaction outlive rotations',
  async run({ server, pool, user, credentials }) {
    const [kept, undone] = [`kept by ${user()}`, `undone by ${user()}`]
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin)
    await borrowed.query(`INSERT INTO item (label) VALUES ('${kept}')`)
    await borrowed.query('SAVEPOINT one')
    await credentials.rotate()
    await borrowed.query(`INSERT INTO item (label) VALUES ('${undone}')`)
    await credentials.rotate()
    await borrowed.query('ROLLBACK TO SAVEPOINT one')
    await borrowed.query('COMMIT')
    await borrowed.release()
    const labels = await pool.query(`SELECT label FROM item WHERE label IN ('${kept}', '${undone}')`)
    expect(labels).toEqual([{ label: kept }])
    await pool.query(`DELETE FROM item WHERE label = '${kept}'`)
  },
}
