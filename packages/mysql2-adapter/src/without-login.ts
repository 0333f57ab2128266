import { describe, OptionError, warnLoginDropped } from '@leasepool/core'
import { copyOf, type PoolInternals } from './mysql2-members'

/** What says who logs in, by mysql2's names. */
const LOGIN = ['user', 'password', 'password1', 'passwordSha1'] as const

/**
 * Drops user and password of a pool that is made already, which come from the lease. Says so in a process warning, since somebody meant
 * them. Throws `OptionError` for a pool that cannot be served.
 */
export function dropLogin(where: string, pool: PoolInternals): void {
  const { connectionConfig: config, connectionLimit } = pool.config
  if (config.stream !== undefined) throw noStream(where, config.stream)
  if (!(connectionLimit > 0)) {
    throw new OptionError(`${where}.connectionLimit`, 'a number above 0: a leased pool has a limit', String(connectionLimit))
  }
  if ((pool._allConnections?.length ?? 0) > 0) {
    throw new OptionError(`${where}.pool`, 'a pool that was not used before', 'one with connections')
  }
  const given = [config.user ? 'user' : '', config.password || config.passwordSha1 ? 'password' : ''].filter(
    (name) => name !== '',
  )
  pool.config.connectionConfig = Object.assign(copyOf(config), {
    user: 'leasepool',
    password: undefined,
    passwordSha1: undefined,
  })
  if (given.length > 0) warnLoginDropped(where, given.join(' and '))
}

/**
 * Configuration of one connection without user and password, also those in its `uri`, which come from the lease. Warns as {@link dropLogin}
 * does. Throws `OptionError`.
 */
export function withoutLogin<T extends object>(where: string, config: T): Omit<T, (typeof LOGIN)[number]> {
  const fields = Object.fromEntries(Object.getOwnPropertyNames(config).map((name) => [name, (config as Fields)[name]]))
  if (fields['stream'] !== undefined) throw noStream(where, fields['stream'])
  const given = new Set(LOGIN.filter((name) => fields[name]).map((name) => (name === 'user' ? 'user' : 'password')))
  for (const name of LOGIN) delete fields[name]
  if (fields['uri'] !== undefined) {
    const uri = parseUri(where, fields['uri'])
    if (uri.username !== '') given.add('user')
    if (uri.password !== '') given.add('password')
    uri.username = uri.password = ''
    fields['uri'] = uri.href
  }
  if (given.size > 0) warnLoginDropped(where, [...given].join(' and '))
  return fields as Omit<T, (typeof LOGIN)[number]>
}

type Fields = Record<string, unknown>

function parseUri(where: string, text: unknown): URL {
  try {
    return new URL(text as string)
  } catch {
    // The parser's own error holds the string, and with it a password.
    throw new OptionError(`${where}.uri`, 'a URL such as "mysql://db.internal:3306/app"', 'a string that is none')
  }
}

function noStream(where: string, came: unknown): OptionError {
  return new OptionError(`${where}.stream`, 'no stream of your own: a leased pool opens its sockets itself', describe(came))
}
