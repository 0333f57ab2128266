import type { LeasedCredentials } from '@leasepool/core'
import { leasedDataSource } from '@leasepool/typeorm-adapter'
import { DataSource, type DataSourceOptions } from 'typeorm'
import type { DatabaseConfig } from './config'
import { Order, OrderItem } from './entities'
import { CreateOrders1700000000000 } from './migrations/1700000000000-create-orders'

/** The one place, beside its end in main.ts, that knows of leasepool: everything else is TypeORM as ever. */
export function ordersDataSource(config: DatabaseConfig, credentials: LeasedCredentials): DataSource {
  const { owner } = config
  return new DataSource(leasedDataSource(options(config), credentials, owner === undefined ? {} : { assumeRole: owner }))
}

function options({ kind, host, port, name, maxConnections }: DatabaseConfig): DataSourceOptions {
  return {
    type: kind,
    host,
    port,
    database: name,
    poolSize: maxConnections,
    entities: [Order, OrderItem],
    migrations: [CreateOrders1700000000000],
  }
}
