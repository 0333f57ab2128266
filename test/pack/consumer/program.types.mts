// Not run: that it compiles is the test. Leased pools go wherever the libraries' own go.
import type { LeasedCredentials } from '@leasepool/core'
import { leasedPool, leasedPoolCluster } from '@leasepool/mysql2-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import { leasedDataSource } from '@leasepool/typeorm-adapter'
import * as mysql from 'mysql2'
import * as promised from 'mysql2/promise'
import * as pg from 'pg'

declare const credentials: LeasedCredentials

export const pgPool: pg.Pool = new LeasedPool({ database: 'app' }, credentials)
export const callbackPool: mysql.Pool = leasedPool(mysql.createPool({ database: 'app' }), credentials)
export const poolOfOptions: mysql.Pool = leasedPool({ database: 'app' }, credentials, { acquireTimeoutMs: 1_000 })
export const promisePool: promised.Pool = leasedPool(promised.createPool({ database: 'app' }), credentials)
export const cluster: mysql.PoolCluster = leasedPoolCluster(mysql.createPoolCluster(), credentials)
export const promiseCluster: promised.PoolCluster = leasedPoolCluster(promised.createPoolCluster(), () => credentials)

// @ts-expect-error a promise pool does not become one with callbacks
export const confused: mysql.Pool = leasedPool(promised.createPool({ database: 'app' }), credentials)
// @ts-expect-error an option that is misspelt
leasedPool(mysql.createPool({ database: 'app' }), credentials, { pingBypas: 1 })
// @ts-expect-error an option of another library
new LeasedPool({ database: 'app', connectionLimit: 1 }, credentials)

// The options of data sources name no type of mysql2, and take functions that do.
leasedDataSource({ type: 'mariadb', database: 'app' }, credentials, {
  onConnect: (connection: mysql.PoolConnection) => connection.promise().query('SET @tenant = 7'),
})
leasedDataSource({ type: 'mariadb', database: 'app' }, credentials, {
  onConnect: (connection) => new Promise((resolve) => connection.query('SET @tenant = 7', resolve)),
})
