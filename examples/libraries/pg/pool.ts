// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
// #endregion
import type { Items, Where } from '../items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials)
  // #endregion
  return {
    async label(id) {
      const { rows } = await pool.query<{ label: string }>('SELECT label FROM item WHERE id = $1', [id])
      return rows[0]!.label
    },
    async copy(id) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query('SELECT 1 FROM item WHERE id = $1 FOR UPDATE', [id])
        await client.query('INSERT INTO item (label) SELECT label FROM item WHERE id = $1', [id])
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}
