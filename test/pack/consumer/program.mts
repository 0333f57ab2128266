// An app that is an ES module. The pack test compiles it against the packed packages and runs it.
import { fixedCredentials, LeasedCredentials, LeasepoolError, OptionError, vaultCredentials } from '@leasepool/core'
import { DevVaultError, startDevVault, startEmbeddedPostgres } from '@leasepool/dev-vault'
import { createLeasedPool } from '@leasepool/generic-pool-adapter'
import { leasedKnex } from '@leasepool/knex-adapter'
import { getCredentialsToken, LeasepoolHealthIndicator, LeasepoolModule } from '@leasepool/nestjs'
import { LeasedPool } from '@leasepool/pg-adapter'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import type { Pool as GenericPool } from 'generic-pool'
import knex from 'knex'
import { Client, Pool } from 'pg'
import { DataSource } from 'typeorm'

const credentials = await fixedCredentials({ username: 'app', password: 'not-a-secret' })
const pool = new LeasedPool({ host: '127.0.0.1', database: 'app', max: 7 }, credentials)
const config = leasedKnex(
  { client: 'pg', connection: { host: '127.0.0.1', database: 'app' }, pool: { min: 0, max: 3 } },
  credentials,
)
const db = knex(config)
const generic: GenericPool<Client> = createLeasedPool(
  {
    create: async ({ username, password }) => {
      const client = new Client({ host: '127.0.0.1', database: 'app', user: username, password })
      await client.connect()
      return client
    },
    destroy: (client) => client.end(),
  },
  { max: 2 },
  credentials,
)

const dataSource = new DataSource(leasedDataSource({ type: 'postgres', host: '127.0.0.1', database: 'app' }, credentials))

const misspelt = { username: 'app', pasword: 'not-a-secret' }
// @ts-expect-error the types reject it, too
const mistyped: unknown = await fixedCredentials(misspelt).catch((error: unknown) => error)

const imported = {
  fixedCredentials,
  vaultCredentials,
  startDevVault,
  startEmbeddedPostgres,
  leasedKnex,
  leasedDataSource,
  closeDataSource,
  createLeasedPool,
  LeasedPool,
  getCredentialsToken,
  LeasepoolHealthIndicator,
  forRoot: LeasepoolModule.forRoot,
  DevVaultError,
}
const result = {
  notFunctions: Object.entries(imported).filter(([, value]) => typeof value !== 'function'),
  isLeasedCredentials: credentials instanceof LeasedCredentials,
  isPgPool: pool instanceof Pool,
  pools: credentials.status().pools.map(({ max }) => max),
  dataSource: dataSource.options.type,
  sql: db('item').where({ id: 7 }).toQuery(),
  mistyped: mistyped instanceof OptionError && mistyped instanceof LeasepoolError && `${mistyped.code}: ${mistyped.message}`,
}
await pool.end()
await db.destroy()
await generic.drain()
await generic.clear()
await credentials.close()
console.log(JSON.stringify(result))
