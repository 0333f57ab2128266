import { leasedPool, leasedPoolCluster, pin } from '@leasepool/mysql2-adapter'
import { createPool, createPoolCluster, type Pool, type PoolConnection } from 'mysql2'
import { createPool as createPromisePool, type Pool as PromisePool } from 'mysql2/promise'
import { leasedOf, type ContractPool, type OpenOptions, type Row, type Subject } from './subject'

function callbackPool(pool: Pick<Pool, 'query' | 'end' | 'getConnection'>, options: OpenOptions): ContractPool {
  const rowsOf = (on: Pick<Pool, 'query'>, sql: string): Promise<Row[]> =>
    new Promise((resolve, reject) =>
      on.query(asked(sql, options), (error, rows) => (error ? reject(error) : resolve(rows as Row[]))),
    )
  return {
    query: (sql) => rowsOf(pool, sql),
    borrow: async () => {
      const connection = await new Promise<PoolConnection>((resolve, reject) =>
        pool.getConnection((error, given) => (error ? reject(error) : resolve(given))),
      )
      return {
        query: (sql) => rowsOf(connection, sql),
        release: () => connection.release(),
        destroy: () => connection.destroy(),
        pin: () => pin(connection),
      }
    },
    stream: (sql) => pool.query(sql).stream() as AsyncIterable<Row>,
    end: () => new Promise((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve()))),
  }
}

const mysqlOptions = ({ host, port, database, max, patience }: OpenOptions) => ({
  host,
  port,
  database,
  connectionLimit: max,
  ...(patience && { connectTimeout: patience.connectMs }),
})

const leasedMysqlOf = (options: OpenOptions) => ({
  ...leasedOf(options),
  ...(options.patience && { acquireTimeoutMs: options.patience.connectMs }),
})

const asked = (sql: string, { patience }: OpenOptions) => ({ sql, ...(patience && { timeout: patience.queryMs }) })

/** On a pool that this version of mysql2 makes. */
export function withCallbacks(create: (options: object) => Pool): Subject['open'] {
  return (options, credentials) =>
    callbackPool(leasedPool(create(mysqlOptions(options)), credentials, leasedMysqlOf(options)), options)
}

/** The same with promises. */
export function withPromises(create: (options: object) => PromisePool): Subject['open'] {
  return (options, credentials) => {
    const pool = leasedPool(create(mysqlOptions(options)), credentials, leasedMysqlOf(options))
    return {
      query: async (sql) => (await pool.query(asked(sql, options)))[0] as Row[],
      borrow: async () => {
        const connection = await pool.getConnection()
        return {
          query: async (sql) => (await connection.query(asked(sql, options)))[0] as Row[],
          release: () => connection.release(),
          destroy: () => connection.destroy(),
          pin: () => pin(connection),
        }
      },
      stream: (sql) => pool.pool.query(sql).stream() as AsyncIterable<Row>,
      end: () => pool.end(),
    }
  }
}

export const mysql2: Subject = {
  name: 'mysql2',
  on: ['mariadb', 'mysql'],
  open: withCallbacks(createPool),
  stock: (options, login) => callbackPool(createPool({ ...mysqlOptions(options), ...login }), options),
}

export const mysql2Promise: Subject = {
  name: 'mysql2/promise',
  on: ['mariadb', 'mysql'],
  open: withPromises(createPromisePool),
  stock: (options, login) => {
    const pool = createPromisePool({ ...mysqlOptions(options), ...login })
    return { query: async (sql) => (await pool.query(sql))[0] as Row[], end: () => pool.end() }
  },
}

export const mysql2Cluster: Subject = {
  name: 'mysql2 cluster',
  on: ['mariadb', 'mysql'],
  open: (options, credentials) => {
    const cluster = leasedPoolCluster(
      // By default a node that fails five times is gone for ever.
      createPoolCluster(options.patience && { restoreNodeTimeout: 100 }),
      credentials,
      leasedMysqlOf(options),
    )
    cluster.add('only', mysqlOptions(options))
    const only = cluster.of('only')
    const pool: Parameters<typeof callbackPool>[0] = {
      query: only.query.bind(only) as Pool['query'],
      getConnection: (callback) => only.getConnection(callback),
      end: (callback) => cluster.end(callback),
    }
    return callbackPool(pool, options)
  },
  stock: mysql2.stock!,
}
