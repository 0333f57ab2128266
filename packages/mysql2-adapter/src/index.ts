export { leasedPool, type LeasedMysqlPoolOptions } from './leased-pool'
export { leasedPoolCluster } from './leased-pool-cluster'
