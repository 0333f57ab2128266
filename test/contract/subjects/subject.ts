import type { LeasedCredentials, LeasedPoolOptions } from '@leasepool/core'
import type { ServerKind } from '../server'

export type Row = Record<string, unknown>
export type Query = (sql: string) => Promise<Row[]>

/** A connection that was borrowed. */
export interface Borrowed {
  readonly query: Query
  /** Gives it back to be used again. */
  release(): void | Promise<void>
  /** Says that it is held on purpose. */
  pin(): () => void
  /** Gives it back to be closed; not everything that takes a pool can say that. */
  readonly destroy?: () => void
}

/** What every leased pool can do, whatever its library calls it. */
export interface ContractPool {
  readonly query: Query
  borrow(): Promise<Borrowed>
  end(): Promise<void>
}

export interface OpenOptions extends LeasedPoolOptions {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly max: number
  /** Time limits of the library itself, for who asks for a connection and for a query, in ms. Default: its own defaults. */
  readonly patience?: { readonly connectMs: number; readonly queryMs: number } | undefined
}

export interface Login {
  readonly user: string
  readonly password: string
}

export interface Subject {
  readonly name: string
  readonly on: readonly ServerKind[]
  open(options: OpenOptions, credentials: LeasedCredentials): ContractPool
  /** The library's own pool, without leasepool in it. */
  stock?(options: OpenOptions, login: Login): Pick<ContractPool, 'query' | 'end'>
}

/** What is leasepool's own in the options. */
export function leasedOf(options: OpenOptions): LeasedPoolOptions {
  const { host: _host, port: _port, database: _database, max: _max, patience: _patience, ...leased } = options
  return leased
}
