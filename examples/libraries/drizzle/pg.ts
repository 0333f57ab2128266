// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { drizzle } from 'drizzle-orm/node-postgres'
// #endregion
import { eq } from 'drizzle-orm'
import { pgTable, serial, text } from 'drizzle-orm/pg-core'
import type { Items, Where } from '../items'

const item = pgTable('item', { id: serial().primaryKey(), label: text().notNull() })

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials)
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
