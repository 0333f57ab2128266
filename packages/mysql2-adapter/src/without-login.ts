import { describe, OptionError } from '@leasepool/core'
import { copyOf, type PoolInternals } from './mysql2-members'

/**
 * Drops user and password of a pool that is made already, which come from the lease. Says so in a process warning, since somebody meant
 * them. Throws `OptionError` for a pool that cannot be served.
 */
export function dropLogin(where: string, pool: PoolInternals): void {
  const { connectionConfig: config, connectionLimit } = pool.config
  if (config.stream !== undefined) {
    throw new OptionError(
      `${where}.stream`,
      'no stream of your own: a leased pool opens its sockets itself',
      describe(config.stream),
    )
  }
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
  if (given.length > 0) warn(where, given.join(' and '))
}

function warn(where: string, names: string): void {
  const message = `${where}: ${names} in the connection configuration are not used; leasepool logs in with the lease's own`
  process.emitWarning(message, { type: 'LeasepoolWarning', code: 'LEASEPOOL_LOGIN_DROPPED' })
}
