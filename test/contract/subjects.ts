import type { LeasedCredentials, LeasedPoolOptions } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { leasedPool, leasedPoolCluster } from '@leasepool/mysql2-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { createPool, createPoolCluster, type Pool, type PoolConnection } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import type { ServerKind } from './server'

export type Row = Record<string, unknown>
type Query = (sql: string) => Promise<Row[]>

/** A connection that was borrowed. */
export interface Borrowed {
  readonly query: Query
  /** Gives it back to be used again. */
  release(): void | Promise<void>
  /** Gives it back to be closed; not everything that takes a pool can say that. */
  readonly destroy?: () => void
}

/** What every leased pool can do, whatever its library calls it. */
export interface ContractPool {
  readonly query: Query
  borrow(): Promise<Borrowed>
  end(): Promise<void>
}

export interface OpenOptions extends LeasedPoolOptions {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly max: number
}

export interface Subject {
  readonly name: string
  readonly on: readonly ServerKind[]
  open(options: OpenOptions, credentials: LeasedCredentials): ContractPool
}

/** What is leasepool's own in the options. */
function leasedOf({ name, pingBypassMs, pingTimeoutMs }: OpenOptions): LeasedPoolOptions {
  return {
    name: name ?? 'pool',
    ...(pingBypassMs !== undefined && { pingBypassMs }),
    ...(pingTimeoutMs !== undefined && { pingTimeoutMs }),
  }
}

const pg: Subject = {
  name: 'LeasedPool',
  on: ['postgres'],
  open: ({ host, port, database, max, ...leased }, credentials) => {
    const pool = new LeasedPool({ host, port, database, max }, credentials, leased)
    pool.on('error', () => undefined) // as every app of pg must
    return {
      query: async (sql) => (await pool.query<Row>(sql)).rows,
      borrow: async () => {
        const client = await pool.connect()
        return {
          query: async (sql) => (await client.query<Row>(sql)).rows,
          release: () => client.release(),
          destroy: () => client.release(true),
        }
      },
      end: () => pool.end(),
    }
  },
}

const pgKnex: Subject = {
  name: 'leasedKnex',
  on: ['postgres'],
  open: (options, credentials) => {
    const { host, port, database, max } = options
    const config = { client: 'pg', connection: { host, port, database }, pool: { min: 0, max } }
    const db = knex(leasedKnex(config, credentials, leasedOf(options)))
    const rowsOf = async (asked: PromiseLike<unknown>): Promise<Row[]> => ((await asked) as { rows: Row[] }).rows
    return {
      query: (sql) => rowsOf(db.raw(sql)),
      borrow: async () => {
        const connection = (await db.client.acquireConnection()) as object
        return {
          query: (sql) => rowsOf(db.raw(sql).connection(connection)),
          release: () => db.client.releaseConnection(connection) as Promise<void>,
        }
      },
      end: () => db.destroy(),
    }
  },
}

function callbackPool(pool: Pick<Pool, 'query' | 'end' | 'getConnection'>): ContractPool {
  const rowsOf = (on: Pick<Pool, 'query'>, sql: string): Promise<Row[]> =>
    new Promise((resolve, reject) => on.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as Row[]))))
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
      }
    },
    end: () => new Promise((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve()))),
  }
}

const mysqlOptions = ({ host, port, database, max }: OpenOptions) => ({ host, port, database, connectionLimit: max })

const mysql2: Subject = {
  name: 'mysql2',
  on: ['mariadb', 'mysql'],
  open: (options, credentials) => callbackPool(leasedPool(createPool(mysqlOptions(options)), credentials, leasedOf(options))),
}

const mysql2Promise: Subject = {
  name: 'mysql2/promise',
  on: ['mariadb', 'mysql'],
  open: (options, credentials) => {
    const pool = leasedPool(createPromisePool(mysqlOptions(options)), credentials, leasedOf(options))
    return {
      query: async (sql) => (await pool.query(sql))[0] as Row[],
      borrow: async () => {
        const connection = await pool.getConnection()
        return {
          query: async (sql) => (await connection.query(sql))[0] as Row[],
          release: () => connection.release(),
          destroy: () => connection.destroy(),
        }
      },
      end: () => pool.end(),
    }
  },
}

const mysql2Cluster: Subject = {
  name: 'mysql2 cluster',
  on: ['mariadb', 'mysql'],
  open: (options, credentials) => {
    const cluster = leasedPoolCluster(createPoolCluster(), credentials, leasedOf(options))
    cluster.add('only', mysqlOptions(options))
    const only = cluster.of('only')
    return callbackPool({
      query: only.query.bind(only) as Pool['query'],
      getConnection: (callback) => only.getConnection(callback),
      end: (callback) => cluster.end(callback),
    })
  },
}

export const SUBJECTS: readonly Subject[] = [pg, pgKnex, mysql2, mysql2Promise, mysql2Cluster]
