import { OptionError, warnLoginDropped } from '@leasepool/core'
import { parse } from 'pg-connection-string'

/** The parts of a pg configuration that say where the database is and who logs in. */
export interface ConnectionFields {
  readonly connectionString?: string | undefined
  readonly user?: string | undefined
  readonly password?: unknown
  readonly database?: string | undefined
}

/**
 * Takes a connection string apart (its parts win over the fields beside it, as they do in pg) and drops user and password, which
 * come from the lease. Says so in a process warning, since somebody meant them. Throws `OptionError` without a database name,
 * because pg would take the user's name for it, which changes.
 */
export function withoutLogin<T extends ConnectionFields>(
  where: string,
  config: T,
): Omit<T, 'connectionString' | 'user' | 'password'> {
  const { connectionString, ...fields } = config
  const parts = connectionString === undefined ? {} : parseString(where, connectionString)
  const { user, password, ...rest } = { ...fields, ...parts }
  const dropped = [user ? 'user' : '', password ? 'password' : ''].filter((name) => name !== '')
  if (dropped.length > 0) warnLoginDropped(where, dropped.join(' and '))
  if (!rest.database && !process.env['PGDATABASE']) {
    throw new OptionError(`${where}.database`, 'the name of a database (pg would use the user name, which changes)', 'undefined')
  }
  return rest as unknown as Omit<T, 'connectionString' | 'user' | 'password'>
}

function parseString(where: string, text: string): object {
  try {
    const parts = Object.entries(parse(text)).filter(([, value]) => value !== undefined && value !== null && value !== '')
    return Object.fromEntries(parts)
  } catch {
    // The parser's own error holds the string, and with it a password.
    throw new OptionError(`${where}.connectionString`, 'a URL such as "postgres://db.internal:5432/app"', 'a string that is none')
  }
}
