import {
  checkOptions,
  describe,
  leasedPoolOptionRules,
  OptionError,
  type LeasedCredentials,
  type LeasedPoolOptions,
  type OptionRules,
} from '@leasepool/core'
import { leasedMysqlPoolOptionRules } from '@leasepool/mysql2-adapter'
import { mysqlOptions } from './mysql-options'
import { credentialsByNode, type DataSourceCredentials } from './node-credentials'
import { postgresOptions } from './postgres-options'
import type { Options } from './typeorm-members'

export type { DataSourceCredentials }

/** Options of a data source of a type that is served. */
export interface LeasableOptions {
  readonly type: 'postgres' | 'cockroachdb' | 'mysql' | 'mariadb' | (string & {})
}

/** What can be set on the pools; `acquireTimeoutMs` and `onConnect` on MySQL and MariaDB only, as of mysql2's leased pools. */
export interface LeasedDataSourceOptions extends LeasedPoolOptions {
  /** How long who asks for a connection waits for one, in ms; mysql2 has no such limit. @default none */
  readonly acquireTimeoutMs?: number
  /**
   * Called with each new connection before it is lent first, and awaited. When it rejects the connection is closed, and who asked for it gets
   * that error. A method, so that a parameter of type `PoolConnection` is accepted.
   */
  onConnect?(connection: MysqlConnection): unknown
}

/** A `PoolConnection` of mysql2, whose own types an app that has no mysql2 lacks. */
export interface MysqlConnection {
  query(sql: string, callback: (error: Error | null, result: unknown) => void): unknown
  query(sql: string, values: unknown, callback: (error: Error | null, result: unknown) => void): unknown
  readonly threadId: number | null
}

interface Database {
  readonly rules: OptionRules<LeasedDataSourceOptions>
  readonly serve: (
    options: Options,
    credentialsOf: (node: string) => LeasedCredentials,
    leased: LeasedDataSourceOptions,
  ) => Options
}

const POSTGRES: Database = { rules: leasedPoolOptionRules as OptionRules<LeasedDataSourceOptions>, serve: postgresOptions }
const MYSQL: Database = { rules: leasedMysqlPoolOptionRules, serve: mysqlOptions }
const SERVED: Readonly<Record<string, Database>> = { postgres: POSTGRES, cockroachdb: POSTGRES, mysql: MYSQL, mariadb: MYSQL }

/**
 * The same options of a TypeORM data source with a `driver` whose pools log in with leased credentials:
 * `new DataSource(leasedDataSource(options, credentials))`.
 *
 * Everything else keeps its meaning. `url` is taken apart; user and password, also those in `extra` and in nodes of `replication`, are dropped with a
 * warning, so that the options hold no secret. With `replication`, `{ master, slaves }` gives each node the credentials of its role. Beyond
 * what TypeORM promises: connections of a replaced user are closed when idle or on release and never lent again; sockets of a node never exceed
 * `poolSize`; a connection idle for longer than `pingBypassMs` is checked before it is lent; an `initialize()` that fails leaves no pool
 * behind; `destroy()` lets queries in flight finish. Throws `OptionError`.
 */
export function leasedDataSource<T extends LeasableOptions>(
  options: T,
  credentials: DataSourceCredentials,
  leased: LeasedDataSourceOptions = {},
): T {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('leasedDataSource.options', 'the options of a data source', describe(options))
  }
  const database = Object.hasOwn(SERVED, options.type) ? SERVED[options.type] : undefined
  if (database === undefined) throw unsupported(options.type)
  checkOptions('leasedDataSource', leased, database.rules)
  const given = options as Options
  return database.serve(given, credentialsByNode(credentials, given.replication), leased) as unknown as T
}

function unsupported(type: unknown): OptionError {
  const isDataApi = typeof type === 'string' && type.startsWith('aurora')
  const came = typeof type === 'string' ? `"${type}"` : describe(type)
  return new OptionError(
    'leasedDataSource.type',
    `one of ${Object.keys(SERVED).map((name) => `"${name}"`).join(', ')}`, // prettier-ignore
    isDataApi ? `${came}, whose Data API has neither a pool nor a database login` : came,
  )
}
