// #region
import type { LeasedCredentials } from '@leasepool/core'
import { createPool } from 'slonik'
import { borrowingFrom } from './borrowing'
// #endregion
import { sql } from 'slonik'
import type { Items, Where } from '../../libraries/items'

export async function openItems(credentials: LeasedCredentials, where: Where): Promise<Items> {
  // #region
  const { driverFactory, end } = borrowingFrom({ ...where, max: 4 }, credentials)
  // `maximumConnectionAge: -1`: Slonik's own pool keeps nothing, and leaves it all to the leased one.
  const pool = await createPool('postgres://', { driverFactory, maxPoolSize: 4, maximumConnectionAge: -1 })
  // #endregion
  return {
    label: async (id) => String(await pool.oneFirst(sql.unsafe`SELECT label FROM item WHERE id = ${id}`)),
    copy: (id) =>
      pool.transaction(async (transaction) => {
        const label = String(await transaction.oneFirst(sql.unsafe`SELECT label FROM item WHERE id = ${id} FOR UPDATE`))
        await transaction.query(sql.unsafe`INSERT INTO item (label) VALUES (${label})`)
      }),
    close: () => pool.end().then(end),
  }
}
