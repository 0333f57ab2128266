import type { LeasedCredentials } from '@leasepool/core'
import type { LeasedMysqlPoolOptions } from '@leasepool/mysql2-adapter'
import { driverModule, type Driver } from './driver-module'
import { leasedMysql, type Mysql2 } from './leased-mysql'
import { MASTER } from './node-credentials'
import type { Options } from './typeorm-members'
import { extraWithoutLogin, mysqlNode } from './without-login'

const WHERE = 'leasedDataSource'

const MYSQL2: Driver<Mysql2> = {
  name: 'mysql2',
  load: () => require('mysql2') as Mysql2,
  members: ['createPool', 'createPoolCluster'],
}

/** Options for MySQL and MariaDB. Throws `OptionError`. */
export function mysqlOptions(
  options: Options,
  credentialsOf: (node: string) => LeasedCredentials,
  leased: LeasedMysqlPoolOptions,
): Options {
  const driver = leasedMysql(driverModule(options.driver, MYSQL2), credentialsOf, leased)
  const { replication, ...rest } = options
  // TypeORM 0.3 knows by that which driver it was given.
  const ours = { extra: extraWithoutLogin(options.extra), connectorPackage: 'mysql2', driver }
  if (replication === undefined) return { ...mysqlNode(WHERE, rest), ...ours }
  const master = mysqlNode(`${WHERE}.replication.${MASTER}`, replication.master)
  const slaves = replication.slaves.map((node, index) => mysqlNode(`${WHERE}.replication.slaves[${index}]`, node))
  return { ...rest, replication: { ...replication, master, slaves }, ...ours }
}
