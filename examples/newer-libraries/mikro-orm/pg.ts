// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { createPostgreSqlTypeParsers, MikroORM } from '@mikro-orm/postgresql'
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import { parse } from 'postgres-array'
// #endregion
import { EntitySchema, LockMode } from '@mikro-orm/core'
import type { Items, Where } from '../../libraries/items'

interface Item {
  id: number
  label: string
}
const item = new EntitySchema<Item>({
  name: 'item',
  properties: { id: { type: 'number', primary: true, autoincrement: true }, label: { type: 'text' } },
})

export async function openItems(credentials: LeasedCredentials, where: Where): Promise<Items> {
  // #region
  // How MikroORM reads dates and the like, which it sets for pools of its own.
  const types = new pg.TypeOverrides()
  const parsers = createPostgreSqlTypeParsers((text) => parse(text))
  for (const [oid, parser] of Object.entries(parsers)) types.setTypeParser(Number(oid), parser)
  const pool = new LeasedPool({ ...where, max: 4, types }, credentials)
  const dialect = new PostgresDialect({ pool })
  const orm = await MikroORM.init({ entities: [item], dbName: where.database, driverOptions: dialect })
  // #endregion
  return {
    label: async (id) => (await orm.em.fork().findOneOrFail(item, id)).label,
    copy: (id) =>
      orm.em.fork().transactional(async (em) => {
        const { label } = await em.findOneOrFail(item, id, { lockMode: LockMode.PESSIMISTIC_WRITE })
        em.create(item, { label } as Item)
      }),
    close: () => orm.close(),
  }
}
