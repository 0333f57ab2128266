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
  /** The rows one by one, on a connection that is borrowed for them. */
  readonly stream?: (sql: string) => AsyncIterable<Row>
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
/** What a behaviour may need and not every library has. */
export type Ability =
  | 'destroy'
  | 'stream'
  /** A limit for the wait for a connection. */
  | 'patience'
  /** No connection is opened before one is needed. */
  | 'lazy'
  /** `end()` serves who waits. */
  | 'end-serves-waiters'
  /** `end()` waits for what is borrowed, however long. */
  | 'end-waits'
  /** The library's own pool, to compare with. */
  | 'stock'

export interface Subject {
  readonly name: string
  readonly on: readonly ServerKind[]
  /** What it cannot do, and why: behaviours that need it are not tried. */
  readonly lacks?: Readonly<Partial<Record<Ability, string>>>
  open(options: OpenOptions, credentials: LeasedCredentials): ContractPool
  /** The library's own pool, without leasepool in it. */
  stock?(options: OpenOptions, login: Login): Pick<ContractPool, 'query' | 'end'>
}

/** What is leasepool's own in the options. */
export function leasedOf(options: OpenOptions): LeasedPoolOptions {
  const { host: _host, port: _port, database: _database, max: _max, patience: _patience, ...leased } = options
  return leased
}
