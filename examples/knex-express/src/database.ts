import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knex, { type Knex } from 'knex'
import { join } from 'node:path'
import type { DatabaseConfig } from './config'

/** The one place that knows of leasepool: everything else is Knex as ever. */
export function openDatabase(config: DatabaseConfig, credentials: LeasedCredentials): Knex {
  const { owner } = config
  return knex(leasedKnex(knexConfig(config), credentials, owner === undefined ? {} : { assumeRole: owner }))
}

function knexConfig({ kind, host, port, name, maxConnections }: DatabaseConfig): Knex.Config {
  return {
    client: kind === 'postgres' ? 'pg' : 'mysql2',
    connection: { host, port, database: name },
    pool: { min: 0, max: maxConnections },
    migrations: { directory: join(__dirname, 'migrations'), loadExtensions: ['.js'] },
  }
}
