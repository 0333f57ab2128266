import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { Kysely, PostgresDialect } from 'kysely'
import type { Items, Where } from '../../libraries/items'
import { itemsOf, type Database } from './items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  const pool = new LeasedPool({ ...where, max: 4 }, credentials)
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return itemsOf(db)
}
