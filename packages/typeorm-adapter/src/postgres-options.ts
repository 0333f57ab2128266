import type { LeasedCredentials, LeasedPoolOptions } from '@leasepool/core'
import { withoutLogin } from '@leasepool/pg-adapter/clients'
import type * as pg from 'pg'
import { driverModule, type Driver } from './driver-module'
import { leasedPostgres } from './leased-postgres'
import { MASTER, slave } from './node-credentials'
import type { Node, Options } from './typeorm-members'
import { extraWithoutLogin } from './without-login'

const WHERE = 'leasedDataSource'

const PG: Driver<typeof pg> = { name: 'pg', load: () => require('pg') as typeof pg, members: ['Pool', 'Client'] }

/** Options for PostgreSQL and CockroachDB. Throws `OptionError`. */
export function postgresOptions(
  options: Options,
  credentialsOf: (node: string) => LeasedCredentials,
  leased: LeasedPoolOptions,
): Options {
  const extra = extraWithoutLogin(options.extra)
  const module = driverModule(options.driver, PG)
  const driver = leasedPostgres(module, credentialsOf, leased, options.replication?.slaves.length ?? 0)
  const { replication, ...rest } = options
  if (replication === undefined) {
    const { node, more } = takenApart(WHERE, rest, undefined)
    return { ...node, extra: { ...extra, ...more }, driver }
  }
  const nodes = [replication.master, ...replication.slaves].map((each, index) =>
    takenApart(
      `${WHERE}.replication.${index === 0 ? MASTER : `slaves[${index - 1}]`}`,
      each,
      index === 0 ? MASTER : slave(index - 1),
    ),
  )
  // The driver is asked for a pool of each node with the same `extra`.
  const more = Object.assign({}, ...nodes.map((each) => each.more)) as object
  const [master, ...slaves] = nodes.map(({ node }) => node)
  return { ...rest, replication: { ...replication, master: master!, slaves }, extra: { ...extra, ...more }, driver }
}

/** With replication `username` says which node it is: that is what the driver tells a pool, which logs in with the node's credentials. */
function takenApart<T extends Node>(where: string, node: T, name: string | undefined): { node: T; more: object } {
  const { url, username, password, host, port, database, ssl, ...rest } = node
  const fields = { host, port, database, ssl, user: username, password, ...(url ? { connectionString: url } : {}) }
  const place: Record<string, unknown> = withoutLogin(where, fields)
  const { host: toHost, port: toPort, database: inDatabase, ssl: withSsl, ...more } = place
  const known = { host: toHost, port: toPort === undefined ? undefined : Number(toPort), database: inDatabase, ssl: withSsl }
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
  return { node: { ...rest, ...given, ...(name === undefined ? {} : { username: name }) } as unknown as T, more }
}
