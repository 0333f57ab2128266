import {
  aFunction,
  checkOptions,
  leasedPoolOptionRules,
  leasedPoolSettings,
  milliseconds,
  OptionError,
  type LeasedCredentials,
  type LeasedPoolOptions,
  type OptionRules,
} from '@leasepool/core'
import type { Pool, PoolConnection, PoolOptions } from 'mysql2'
import type { Pool as PromisePool } from 'mysql2/promise'
import { installedMysql2 } from './installed'
import { internalsOfPool } from './mysql2-members'
import { PoolUpgrade } from './pool-upgrade'
import { dropLogin } from './without-login'

/** What can be set on a leased mysql2 pool, beside the options of mysql2 itself. */
export interface LeasedMysqlPoolOptions extends LeasedPoolOptions {
  /** How long who asks for a connection waits for one, in ms; mysql2 has no such limit. @default none */
  readonly acquireTimeoutMs?: number
  /**
   * Called with each new connection of `mysql2` (not its promise wrapper) before it is lent first, and awaited: for session variables, say.
   * When it rejects the connection is closed, and who asked for it gets that error.
   */
  readonly onConnect?: (connection: PoolConnection) => unknown
}

export const leasedMysqlPoolOptionRules: OptionRules<LeasedMysqlPoolOptions> = {
  ...leasedPoolOptionRules,
  acquireTimeoutMs: { check: milliseconds(1, 2 ** 31 - 1) },
  onConnect: { check: aFunction },
}

const upgraded = new WeakMap<Pool, PoolUpgrade>()

/**
 * A mysql2 pool whose database user changes under it: `leasedPool(mysql.createPool(options), credentials)`, of `mysql2` or of
 * `mysql2/promise`, or `leasedPool(options, credentials)` for one of `mysql2`. The pool is the one that was given, and must not have been
 * used before; `user` and `password` in its configuration are dropped with a warning.
 *
 * Beyond what mysql2 promises: connections of a replaced user are closed when idle or on release and never lent again; sockets never exceed
 * `connectionLimit`; a connection idle for longer than `pingBypassMs` is checked before it is lent; `end()` serves everybody who was waiting,
 * waits for what is borrowed, and calls back when every socket is closed. Throws `OptionError`.
 */
export function leasedPool<T extends Pool | PromisePool>(
  pool: T,
  credentials: LeasedCredentials,
  leased?: LeasedMysqlPoolOptions,
): T
export function leasedPool(options: PoolOptions | string, credentials: LeasedCredentials, leased?: LeasedMysqlPoolOptions): Pool
export function leasedPool(
  given: Pool | PromisePool | PoolOptions | string,
  credentials: LeasedCredentials,
  leased: LeasedMysqlPoolOptions = {},
): Pool | PromisePool {
  checkOptions('leasedPool', leased, leasedMysqlPoolOptionRules)
  const pool = isPool(given) ? given : installedMysql2().createPool(given as PoolOptions)
  upgrade('leasedPool', corePool(pool), credentials, leased)
  return pool
}

/** Makes a pool a leased one, in place. */
export function upgrade(where: string, pool: Pool, credentials: LeasedCredentials, leased: LeasedMysqlPoolOptions): void {
  if (upgraded.has(pool)) throw new OptionError(`${where}.pool`, 'a pool that is not leased yet', 'one that is')
  const internals = internalsOfPool(pool)
  dropLogin(where, internals)
  const settings = leasedPoolSettings(leased, internals.config.connectionConfig.database ?? 'mysql2')
  const { acquireTimeoutMs, onConnect } = leased
  upgraded.set(pool, new PoolUpgrade(pool, credentials, { settings, acquireTimeoutMs, onConnect }))
}

export function upgradeOf(pool: Pool): PoolUpgrade | undefined {
  return upgraded.get(pool)
}

function isPool(given: object | string): given is Pool | PromisePool {
  return typeof given === 'object' && 'getConnection' in given && typeof given.getConnection === 'function'
}

/** mysql2's promise pool is a wrapper. */
function corePool(pool: Pool | PromisePool): Pool {
  return (pool as { pool?: Pool }).pool ?? (pool as Pool)
}
