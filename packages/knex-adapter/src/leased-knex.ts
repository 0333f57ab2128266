import {
  checkOptions,
  leasedPoolOptionRules,
  leasedPoolSettings,
  OptionError,
  type LeasedCredentials,
  type LeasedPoolOptions,
} from '@leasepool/core'
import type { Knex } from 'knex'
import { clientClass } from './client-class'
import { databaseOf, leasedConnection } from './connection'
import { leasedKnexClient } from './leased-knex-client'

/**
 * The same Knex config with a client that logs in with leased credentials: `knex(leasedKnex(config, credentials))`.
 *
 * Everything else of the config keeps its meaning. `user` and `password` in `connection` are dropped with a warning. Beyond what
 * Knex promises: connections of a replaced user are closed when idle or on release and never lent again; sockets never exceed
 * `pool.max`; a connection idle for longer than `pingBypassMs` is checked before it is lent; `timeout(ms, { cancel: true })` also
 * cancels what an earlier user started. Throws `OptionError`.
 */
export function leasedKnex<T extends Knex.Config>(config: T, credentials: LeasedCredentials, options: LeasedPoolOptions = {}): T {
  checkOptions('leasedKnex', options, leasedPoolOptionRules)
  if ('connectionPool' in config)
    throw new OptionError('leasedKnex.connectionPool', 'no pool of your own beside a leased one', 'one')
  const { Client, dialect } = clientClass(config)
  const connection = leasedConnection(config.connection, dialect)
  const client = leasedKnexClient(Client, dialect, {
    credentials,
    settings: leasedPoolSettings(options, databaseOf(connection) ?? 'knex'),
  })
  return { ...config, connection, client: client as unknown as typeof Knex.Client }
}
