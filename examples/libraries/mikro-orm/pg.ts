// #region
import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { MikroORM, PostgreSqlKnexDialect } from '@mikro-orm/postgresql'
// #endregion
import { EntitySchema, LockMode } from '@mikro-orm/core'
import type { Items, Where } from '../items'

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
  const { host, port, database } = where
  const client = PostgreSqlKnexDialect as never // its types hide what a client of Knex has
  const leased = leasedKnex({ client, connection: { host, port, database } }, credentials)
  const orm = await MikroORM.init({
    entities: [item],
    host,
    port,
    dbName: database,
    pool: { min: 0, max: 4 },
    driverOptions: { client: leased.client },
  })
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
