import { describe, OptionError } from '@leasepool/core'
import knex, { type Knex } from 'knex'
import type { Dialect } from './dialect'
import { checkClientClass, type KnexClientClass } from './knex-members'
import { mysql2Dialect } from './mysql2-dialect'
import { pgDialect } from './pg-dialect'

/** By Knex's `driverName`, which client classes made from its own have too. */
const DIALECTS: Readonly<Record<string, Dialect>> = { pg: pgDialect, cockroachdb: pgDialect, mysql2: mysql2Dialect }

/** By the names that a config may have. */
const SERVED = ['pg', 'postgres', 'postgresql', 'cockroachdb', 'mysql2']

/** The client class that a Knex config would use, and its dialect. Throws `OptionError` for what cannot be served. */
export function clientClass(config: Knex.Config): { Client: KnexClientClass; dialect: Dialect } {
  const given: unknown = config.client ?? config.dialect
  const isServed = typeof given === 'function' || (typeof given === 'string' && SERVED.includes(given))
  if (!isServed) throw unsupported(typeof given === 'string' ? `"${given}"` : describe(given))
  // A Knex without a connection loads no driver and opens no pool, but knows its class.
  const client = knex({ client: given as string }).client as { driverName?: string; constructor: unknown }
  const { driverName = 'no driver' } = client // some classes have it only once they are made
  const dialect = DIALECTS[driverName]
  if (dialect === undefined) throw unsupported(`a client class for ${driverName}`)
  const Client = client.constructor as KnexClientClass
  checkClientClass(Client)
  return { Client, dialect }
}

function unsupported(came: string): OptionError {
  const hint = came === '"mysql"' || came.endsWith(' mysql') ? ' (mysql2 takes its place)' : ''
  return new OptionError(
    'leasedKnex.client',
    `one of ${SERVED.map((name) => `"${name}"`).join(', ')}, or a class made from them${hint}`,
    came,
  )
}
