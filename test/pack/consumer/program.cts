// The same app as a CommonJS module.
import core = require('@leasepool/core')
import devVault = require('@leasepool/dev-vault')
import genericPoolAdapter = require('@leasepool/generic-pool-adapter')
import knexAdapter = require('@leasepool/knex-adapter')
import nestjs = require('@leasepool/nestjs')
import pgAdapter = require('@leasepool/pg-adapter')
import typeormAdapter = require('@leasepool/typeorm-adapter')
import genericPool = require('generic-pool')
import knexModule = require('knex')
import pg = require('pg')
import typeorm = require('typeorm')

async function main(): Promise<void> {
  const credentials = await core.fixedCredentials({ username: 'app', password: 'not-a-secret' })
  const pool = new pgAdapter.LeasedPool({ host: '127.0.0.1', database: 'app', max: 7 }, credentials)
  const connection = { host: '127.0.0.1', database: 'app' }
  const db = knexModule.knex(knexAdapter.leasedKnex({ client: 'pg', connection, pool: { min: 0, max: 3 } }, credentials))
  const factory: genericPool.Factory<pg.Client> = { create: async () => new pg.Client(), destroy: (client) => client.end() }
  const generic: genericPool.Pool<pg.Client> = genericPoolAdapter.createLeasedPool(factory, { max: 2 }, credentials)

  const dataSource = new typeorm.DataSource(typeormAdapter.leasedDataSource({ type: 'postgres', database: 'app' }, credentials))

  const misspelt = { username: 'app', pasword: 'not-a-secret' }
  // @ts-expect-error the types reject it, too
  const mistyped: unknown = await core.fixedCredentials(misspelt).catch((error: unknown) => error)

  const { fixedCredentials, vaultCredentials } = core
  const { startDevVault, startEmbeddedPostgres, DevVaultError } = devVault
  const { leasedKnex } = knexAdapter
  const { leasedDataSource, closeDataSource } = typeormAdapter
  const { LeasedPool } = pgAdapter
  const { createLeasedPool } = genericPoolAdapter
  const { getCredentialsToken, LeasepoolHealthIndicator, LeasepoolModule } = nestjs
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
    isLeasedCredentials: credentials instanceof core.LeasedCredentials,
    isPgPool: pool instanceof pg.Pool,
    pools: credentials.status().pools.map(({ max }) => max),
    dataSource: dataSource.options.type,
    sql: db('item').where({ id: 7 }).toQuery(),
    mistyped:
      mistyped instanceof core.OptionError && mistyped instanceof core.LeasepoolError && `${mistyped.code}: ${mistyped.message}`,
  }
  await pool.end()
  await db.destroy()
  await generic.drain()
  await generic.clear()
  await credentials.close()
  console.log(JSON.stringify(result))
}

void main()
