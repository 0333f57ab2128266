// #region
import type { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { createPool, type RowDataPacket } from 'mysql2/promise'
// #endregion
import type { Items, Where } from '../items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const pool = leasedPool(createPool({ ...where, connectionLimit: 4 }), credentials)
  // #endregion
  return {
    async label(id) {
      const [rows] = await pool.query<RowDataPacket[]>('SELECT label FROM item WHERE id = ?', [id])
      return String(rows[0]!['label'])
    },
    async copy(id) {
      const connection = await pool.getConnection()
      try {
        await connection.beginTransaction()
        const [rows] = await connection.query<RowDataPacket[]>('SELECT label FROM item WHERE id = ? FOR UPDATE', [id])
        await connection.query('INSERT INTO item (label) VALUES (?)', [rows[0]!['label']])
        await connection.commit()
      } catch (error) {
        await connection.rollback()
        throw error
      } finally {
        connection.release()
      }
    },
    close: () => pool.end(),
  }
}
