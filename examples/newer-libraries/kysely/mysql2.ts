import type { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import type { Items, Where } from '../../libraries/items'
import { itemsOf, type Database } from './items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  const pool = leasedPool(createPool({ ...where, connectionLimit: 4 }), credentials)
  const db = new Kysely<Database>({ dialect: new MysqlDialect({ pool }) })
  return itemsOf(db)
}
