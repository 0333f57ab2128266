import { describe, OptionError } from '@leasepool/core'
import { withoutLogin, type ConnectionFields } from '@leasepool/pg-adapter'
import type { Knex } from 'knex'

const WHERE = 'leasedKnex.connection'

/** The config's `connection` without user and password, in whichever form it came. Throws `OptionError`. */
export function leasedConnection(connection: Knex.Config['connection']): Exclude<Knex.Config['connection'], undefined> {
  if (typeof connection === 'function') {
    const provide = connection as () => unknown
    return async () => fieldsOf(await provide()) as Knex.ConnectionConfig
  }
  return fieldsOf(connection) as Knex.ConnectionConfig
}

/** The name of the database, where it can be seen without asking anybody. */
export function databaseOf(connection: Knex.Config['connection']): string | undefined {
  return typeof connection === 'object' && 'database' in connection ? (connection.database ?? undefined) : undefined
}

function fieldsOf(connection: unknown): object {
  if (typeof connection === 'string') return withoutLogin(WHERE, { connectionString: connection } as ConnectionFields)
  if (typeof connection === 'object' && connection !== null) return withoutLogin(WHERE, connection as ConnectionFields)
  throw new OptionError(WHERE, 'an object, a connection string, or a function that gives one', describe(connection))
}
