/**
 * What we use of TypeORM, all of it; each is public and documented, or is what its drivers do with the module that the option `driver` names.
 * Checked on TypeORM 0.3.31 and 1.1.1 (`driver/{postgres,cockroachdb,mysql}/*Driver.js`).
 *
 * The PostgreSQL drivers call `new driver.Pool(options)` once for each slave, in one turn, and then for the master; then `pool.on('error')`,
 * `pool.connect((error, client, release) => …)`, and `pool.end(callback)`. They take `driver.native` where there is one and `pg-native` is
 * installed. The MySQL driver calls `driver.createPool(options)`, or `driver.createPoolCluster(options)` and then `cluster.add('SLAVE0', options)`
 * and so on and `cluster.add('MASTER', options)`; then `getConnection(callback)` and `end(callback)` of what it was given.
 */

/** Where one server is and who logs in. */
export interface Node {
  readonly url?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly username?: string | undefined
  readonly password?: unknown
  readonly database?: string | undefined
  readonly ssl?: unknown
}

export interface Replication {
  readonly master: Node
  readonly slaves: readonly Node[]
}

/** The options of a data source, as far as they matter here. */
export interface Options extends Node {
  readonly type: string
  readonly replication?: Replication | undefined
  /** Goes to the driver as it is, over everything else. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined
  /** In place of the module `pg` or `mysql2`. */
  readonly driver?: object | undefined
}

export interface DataSource {
  readonly options: object
  destroy(): Promise<void>
}
