// #region
import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knex from 'knex'
import { Model } from 'objection'
// #endregion
import type { Items, Where } from '../items'

class Item extends Model {
  static override tableName = 'item'
  id!: number
  label!: string
}

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const db = knex(leasedKnex({ client: 'pg', connection: { ...where }, pool: { min: 0, max: 4 } }, credentials))
  Model.knex(db)
  // #endregion
  return {
    label: async (id) => (await Item.query().findById(id).throwIfNotFound()).label,
    copy: (id) =>
      Item.transaction(async (transaction) => {
        const { label } = await Item.query(transaction).findById(id).forUpdate().throwIfNotFound()
        await Item.query(transaction).insert({ label })
      }),
    close: () => db.destroy(),
  }
}
