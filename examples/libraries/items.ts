import type { LeasedCredentials } from '@leasepool/core'

/** Of a database with a table `item (id, label)`. */
export interface Where {
  readonly host: string
  readonly port: number
  readonly database: string
}

/** What each example does with its library. */
export interface Items {
  /** One query. */
  label(id: number): Promise<string>
  /** A transaction: locks an item, and makes another one with its label. */
  copy(id: number): Promise<void>
  /** Of what the example opened. The credentials belong to the caller. */
  close(): Promise<void>
}

/** `owner`: a role that every leased user may act as. Tables that a library makes belong to it, not to a user that is dropped an hour later. */
export type OpenItems = (credentials: LeasedCredentials, where: Where, owner: string) => Items | Promise<Items>
