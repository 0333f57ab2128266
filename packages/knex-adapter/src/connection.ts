import { describe, OptionError } from '@leasepool/core'
import type { Knex } from 'knex'
import type { Dialect } from './dialect'

const WHERE = 'leasedKnex.connection'

type Connection = Exclude<Knex.Config['connection'], undefined>

/** The config's `connection` without user and password, in whichever form it came. Throws `OptionError`. */
export function leasedConnection(connection: Knex.Config['connection'], dialect: Dialect): Connection {
  if (typeof connection === 'function') {
    const provide = connection as () => unknown
    return async () => withoutLogin(await provide(), dialect) as Knex.ConnectionConfig
  }
  return withoutLogin(connection, dialect) as Knex.ConnectionConfig
}

/** The name of the database, where it can be seen without asking anybody. */
export function databaseOf(connection: Knex.Config['connection']): string | undefined {
  return typeof connection === 'object' && 'database' in connection ? (connection.database ?? undefined) : undefined
}

function withoutLogin(connection: unknown, dialect: Dialect): object {
  if (typeof connection === 'string') return dialect.withoutLogin(WHERE, dialect.fieldsOf(WHERE, connection))
  if (typeof connection === 'object' && connection !== null) return dialect.withoutLogin(WHERE, connection)
  throw new OptionError(WHERE, 'an object, a connection string, or a function that gives one', describe(connection))
}
