import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { closedOnShutdown, getCredentialsToken } from '@leasepool/nestjs'
import type { FactoryProvider } from '@nestjs/common'
import knex, { type Knex } from 'knex'
import { Config } from '../config'

export const KNEX = Symbol('KNEX')

/** A second pool, on the same credentials. */
export const knexProvider: FactoryProvider<Knex> = {
  provide: KNEX,
  inject: [Config, getCredentialsToken()],
  useFactory: ({ database, maxConnections, owner }: Config, credentials: LeasedCredentials) => {
    const config = { client: 'pg', connection: { ...database }, pool: { min: 0, max: maxConnections } }
    return closedOnShutdown(knex(leasedKnex(config, credentials, { name: 'reports', assumeRole: owner })), (db) => db.destroy())
  },
}
