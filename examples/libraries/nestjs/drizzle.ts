// #region
import type { LeasedCredentials } from '@leasepool/core'
import { closedOnShutdown, getCredentialsToken, LeasepoolModule } from '@leasepool/nestjs'
import { LeasedPool } from '@leasepool/pg-adapter'
import { Module } from '@nestjs/common'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
// #endregion
import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { pgTable, serial, text } from 'drizzle-orm/pg-core'
import type { Items, Where } from '../items'

// #region
export const POOL = Symbol('pool')
export const DRIZZLE = Symbol('drizzle')
// #endregion

const item = pgTable('item', { id: serial().primaryKey(), label: text().notNull() })

export async function openItems(started: LeasedCredentials, where: Where): Promise<Items> {
  // #region
  @Module({
    providers: [
      {
        provide: POOL,
        inject: [getCredentialsToken()],
        useFactory: (credentials: LeasedCredentials) =>
          closedOnShutdown(new LeasedPool({ ...where, max: 4 }, credentials), (pool) => pool.end()),
      },
      { provide: DRIZZLE, inject: [POOL], useFactory: (pool: Pool) => drizzle({ client: pool }) },
    ],
    exports: [DRIZZLE],
  })
  class DrizzleModule {}
  // #endregion
  @Module({ imports: [LeasepoolModule.forRoot({ credentials: started, closeOnShutdown: false }), DrizzleModule] })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
  const db = app.get<NodePgDatabase>(DRIZZLE)
  return {
    label: async (id) => (await db.select().from(item).where(eq(item.id, id)))[0]!.label,
    copy: (id) =>
      db.transaction(async (tx) => {
        const [found] = await tx.select().from(item).where(eq(item.id, id)).for('update')
        await tx.insert(item).values({ label: found!.label })
      }),
    close: () => app.close(),
  }
}
