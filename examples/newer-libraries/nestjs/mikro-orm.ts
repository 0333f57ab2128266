// #region
import type { LeasedCredentials } from '@leasepool/core'
import { getCredentialsToken, LeasepoolModule } from '@leasepool/nestjs'
import { LeasedPool } from '@leasepool/pg-adapter'
import { MikroOrmModule } from '@mikro-orm/nestjs'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { PostgresDialect } from 'kysely'
// #endregion
import 'reflect-metadata'
import { EntitySchema, LockMode, MikroORM } from '@mikro-orm/core'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Items, Where } from '../../libraries/items'

interface Item {
  id: number
  label: string
}
const item = new EntitySchema<Item>({
  name: 'item',
  properties: { id: { type: 'number', primary: true, autoincrement: true }, label: { type: 'text' } },
})

export async function openItems(started: LeasedCredentials, where: Where): Promise<Items> {
  // #region
  const orm = MikroOrmModule.forRootAsync({
    driver: PostgreSqlDriver,
    inject: [getCredentialsToken()],
    useFactory: (credentials: LeasedCredentials) => ({
      driver: PostgreSqlDriver,
      entities: [item],
      dbName: where.database,
      driverOptions: new PostgresDialect({ pool: new LeasedPool({ ...where, max: 4 }, credentials) }),
    }),
  })
  // #endregion
  @Module({ imports: [LeasepoolModule.forRoot({ credentials: started, closeOnShutdown: false }), orm] })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
  const { em } = app.get(MikroORM)
  return {
    label: async (id) => (await em.fork().findOneOrFail(item, id)).label,
    copy: (id) =>
      em.fork().transactional(async (em) => {
        const { label } = await em.findOneOrFail(item, id, { lockMode: LockMode.PESSIMISTIC_WRITE })
        em.create(item, { label } as Item)
      }),
    close: () => app.close(),
  }
}
