import { checkOptions, type LeasedCredentials } from '@leasepool/core'
import type { PoolCluster } from 'mysql2'
import type { PoolCluster as PromisePoolCluster } from 'mysql2/promise'
import { leasedMysqlPoolOptionRules, upgrade, upgradeOf, type LeasedMysqlPoolOptions } from './leased-pool'
import { internalsOfCluster, type ClusterInternals } from './mysql2-members'

/**
 * A mysql2 pool cluster, of `mysql2` or of `mysql2/promise`, each of whose nodes is a leased pool, those that are added later too. Nodes that
 * log in with different roles take a function of the node's name. Events name a pool `<name>:<node>`. A login that is refused, or not tried,
 * says nothing about its node, which mysql2 would take out for ever after five: who asked is told at once. Throws `OptionError`.
 */
export function leasedPoolCluster<T extends PoolCluster | PromisePoolCluster>(
  cluster: T,
  credentials: LeasedCredentials | ((node: string) => LeasedCredentials),
  leased: LeasedMysqlPoolOptions = {},
): T {
  checkOptions('leasedPoolCluster', leased, leasedMysqlPoolOptionRules)
  const core = (cluster as { poolCluster?: PoolCluster }).poolCluster ?? (cluster as PoolCluster)
  const internals = internalsOfCluster(core)
  const upgradeNodes = (): void => {
    for (const [node, { pool }] of Object.entries(internals._nodes)) {
      if (upgradeOf(pool) !== undefined) continue
      const own = typeof credentials === 'function' ? credentials(node) : credentials
      upgrade('leasedPoolCluster', pool, own, { ...leased, name: `${leased.name ?? 'cluster'}:${node}` })
    }
  }
  upgradeNodes()

  const stock = core.add.bind(core) as (...args: unknown[]) => void
  const add = (...args: unknown[]): void => {
    stock(...args)
    upgradeNodes()
  }
  core.add = add
  cluster.add = add // that of the promise cluster is not the core's
  const count = internals._increaseErrorCount.bind(core)
  internals._increaseErrorCount = (node) => {
    if (upgradeOf(node.pool)?.isRefused === true) tellAtOnce(internals)
    else count(node)
  }
  return cluster
}

/** An attempt on a node that does not count as failed would be made again for ever. The answer is given in this turn. */
function tellAtOnce(cluster: ClusterInternals): void {
  const { _canRetry } = cluster
  if (!_canRetry) return
  cluster._canRetry = false
  process.nextTick(() => (cluster._canRetry = true))
}
