// #region
import type { LeasedCredentials } from '@leasepool/core'
import { Sequelize } from 'sequelize'
import { borrowingFrom } from './borrowing'
// #endregion
import { DataTypes, type Model } from 'sequelize'
import type { Items, Where } from '../items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const { dialectModule, end } = borrowingFrom(credentials, 4)
  // `maxUses: 1`: Sequelize's own pool keeps nothing, and leaves it all to the leased one.
  const pool = { max: 4, min: 0, maxUses: 1 }
  const db = new Sequelize({ ...where, dialect: 'postgres', dialectModule, pool, logging: false })
  // #endregion
  const items = db.define<Model & { readonly label: string }>(
    'item',
    { label: DataTypes.TEXT },
    { freezeTableName: true, timestamps: false },
  )
  return {
    label: async (id) => (await items.findByPk(id, { rejectOnEmpty: true })).label,
    copy: (id) =>
      db.transaction(async (transaction) => {
        const { label } = await items.findByPk(id, { rejectOnEmpty: true, transaction, lock: true })
        await items.create({ label }, { transaction })
      }),
    close: () => db.close().then(end),
  }
}
