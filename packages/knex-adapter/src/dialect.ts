import { OptionError } from '@leasepool/core'
import knex, { type Knex } from 'knex'
import type { KnexClientClass } from './knex-members'

/** Knex's names for the PostgreSQL dialect on the `pg` driver. */
const POSTGRES = ['pg', 'postgres', 'postgresql']

/** The client class that a Knex config would use. Throws `OptionError` for a dialect that cannot be served. */
export function dialectClass(config: Knex.Config): KnexClientClass {
  const { client } = config
  const Dialect = typeof client === 'string' && POSTGRES.includes(client) ? classOf(client) : client
  if (typeof Dialect !== 'function') throw unsupported(typeof client === 'string' ? `"${client}"` : String(client))
  const { driverName, dialect } = (Dialect as { prototype: { driverName?: string; dialect?: string } }).prototype
  if (driverName !== 'pg' || dialect !== 'postgresql') throw unsupported(`a client class for ${driverName ?? 'no driver'}`)
  return Dialect as unknown as KnexClientClass
}

/** A Knex without a connection loads no driver and opens no pool, but knows its class. */
function classOf(client: string): Function {
  return (knex({ client }).client as object).constructor
}

function unsupported(came: string): OptionError {
  return new OptionError(
    'leasedKnex.client',
    `one of ${POSTGRES.map((name) => `"${name}"`).join(', ')}, or a class made from them`,
    came,
  )
}
