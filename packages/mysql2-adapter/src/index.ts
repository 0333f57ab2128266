export { leasedMysqlPoolOptionRules, leasedPool, type LeasedMysqlPoolOptions } from './leased-pool'
export { leasedPoolCluster } from './leased-pool-cluster'
export { pin } from './pin'

// For adapters of libraries that make mysql2 connections themselves
export { generationOfFailure, leasedConnections, loginOf, type CreateConnection } from './connections'
export type { Login } from './login'
export type { LoginBook } from './logins'
export { assumeRole } from './assume-role'
export { cancelQuery, mysqlDriver, ping, type PingResult } from './driver'
export { withoutLogin } from './without-login'
export type { ConnectionConfig } from './mysql2-members'
