// #region
import type { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { drizzle } from 'drizzle-orm/mysql2'
import { createPool } from 'mysql2/promise'
// #endregion
import { eq } from 'drizzle-orm'
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import type { Items, Where } from '../items'

const item = mysqlTable('item', { id: int().primaryKey().autoincrement(), label: varchar({ length: 100 }).notNull() })

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const pool = leasedPool(createPool({ ...where, connectionLimit: 4 }), credentials)
  const db = drizzle({ client: pool })
  // #endregion
  return {
    async label(id) {
      const [found] = await db.select().from(item).where(eq(item.id, id))
      return found!.label
    },
    copy: (id) =>
      db.transaction(async (transaction) => {
        const [found] = await transaction.select().from(item).where(eq(item.id, id)).for('update')
        await transaction.insert(item).values({ label: found!.label })
      }),
    close: () => pool.end(),
  }
}
