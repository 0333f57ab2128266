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

export type OpenItems = (credentials: LeasedCredentials, where: Where) => Items | Promise<Items>
