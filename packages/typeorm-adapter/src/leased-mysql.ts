import type { LeasedCredentials } from '@leasepool/core'
import { leasedPool, leasedPoolCluster, type LeasedMysqlPoolOptions } from '@leasepool/mysql2-adapter'
import type { Pool, PoolCluster, PoolClusterOptions, PoolOptions } from 'mysql2'
import { opened } from './close-data-source'
import { MASTER } from './node-credentials'

export interface Mysql2 {
  createPool(options: PoolOptions): Pool
  createPoolCluster(options: PoolClusterOptions): PoolCluster
}

/** mysql2's module with pools and clusters that log in with the credentials of their nodes. */
export function leasedMysql(
  module: Mysql2,
  credentialsOf: (node: string) => LeasedCredentials,
  leased: LeasedMysqlPoolOptions,
): object {
  const driver: object = {
    ...module,
    createPool(options: PoolOptions): Pool {
      const pool = leasedPool(module.createPool(options), credentialsOf(MASTER), leased)
      follow(driver, pool)
      return pool
    },
    createPoolCluster(options: PoolClusterOptions): PoolCluster {
      const own = (node: string): LeasedCredentials => credentialsOf(node.toLowerCase())
      const cluster = leasedPoolCluster(module.createPoolCluster(options), own, leased)
      follow(driver, cluster)
      return cluster
    },
  }
  return driver
}

type Getting = (error: NodeJS.ErrnoException | null, connection?: unknown) => unknown

/** Knows it until it has ended, and ends one that cannot connect at all, which TypeORM forgets (a cluster) or ends itself (a pool). */
function follow(driver: object, pool: Pool | PoolCluster): void {
  const stock = pool as unknown as {
    getConnection(...args: [...unknown[], Getting]): void
    end(callback?: (error?: Error | null) => void): void
  }
  const [end, getConnection] = [stock.end.bind(stock), stock.getConnection.bind(stock)]
  let ended: Promise<void> | undefined
  const close = (): Promise<void> =>
    (ended ??= new Promise<void>((resolve, reject) => end((error) => (error ? reject(error) : resolve()))).finally(forget))
  const forget = opened(driver, { close: () => close().catch(() => undefined) })
  let isProven = false
  stock.end = (callback) => void close().then(() => callback?.(), callback)
  stock.getConnection = (...args) => {
    const callback = args.pop() as Getting
    getConnection(...args, (error, connection) => {
      if (!error) isProven = true
      else if (!isProven) void close().catch(() => undefined)
      callback(error, connection)
    })
  }
}
