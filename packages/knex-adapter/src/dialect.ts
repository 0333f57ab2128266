import type { Clock, ConnectionDriver, ConnectionLedger, LeasedCredentials, LeasedPoolSettings } from '@leasepool/core'

/** What the connections of one Knex instance share. */
export interface ConnectionBook {
  readonly ledger: ConnectionLedger<object>
  readonly credentials: LeasedCredentials
  readonly clock: Clock
  /** Limit for the wait for a slot, in ms; 0 for none: tarn has one. */
  readonly connectTimeoutMs: number
}

/** A kind of database that Knex and leasepool both serve. */
export interface Dialect {
  /** The fields of a connection string. Throws `OptionError`. */
  fieldsOf(where: string, text: string): object
  /** Fields of a connection without user and password, which are dropped with a warning. Throws `OptionError`. */
  withoutLogin(where: string, fields: object): object
  /** The driver of one Knex instance, with leasepool in it. `made` is told of each connection as it is constructed. */
  lease(
    driver: object,
    options: { book: () => ConnectionBook; settings: LeasedPoolSettings; made: (connection: object) => void },
  ): LeasedDriver
}

/** A driver whose connections are in the book. What the ledger knows a connection by is its `key`. */
export interface LeasedDriver {
  /** For Knex, in place of the driver's own module. */
  readonly module: object
  /** `where` the database is. */
  connections(where: () => Promise<object>): ConnectionDriver<object>
  /** Makes a connection that has logged in act as `role`. */
  assumeRole(connection: object, role: string): Promise<void>
  keyOf(connection: object): object
  ping(key: object, timeoutMs: number): Promise<'passed' | 'failed' | 'silent'>
  /** Whether a connection that comes back must not be kept. */
  isSuspect(key: object): boolean
  /** Closes a connection that never got as far as the pool. */
  discard(connection: object): void
  /** Ends one that is being made, at once. */
  cut(connection: object): void
  /** Stops what the connection runs. Resolves when it may be used again, or is closed; rejects when it may be running still. */
  cancel(connection: object): Promise<void>
  /** The generation that a connection has logged in with, or tried to; `undefined` before that. */
  generationOf(connection: object): number | undefined
  /** The generation with which the login was tried that failed with `error`; `undefined` for other errors. */
  generationOfFailure(error: unknown): number | undefined
}
