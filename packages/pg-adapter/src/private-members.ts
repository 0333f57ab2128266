import type { Duplex } from 'node:stream'
import type { Client, Connection, Pool } from 'pg'

/**
 * The members of pg that are not part of its documented API and that we use, all of them. Checked on pg 8.11.5 to 8.23.1
 * with pg-pool 3.6.2 to 3.14.0.
 * Each has a fallback, so that a version without it does less rather than something wrong.
 */
export interface PrivateClient {
  /** What the startup packet is made from. Fallback: the client keeps the login it was constructed with. */
  readonly connectionParameters?: { user?: string; password?: unknown }
  /** Key of the server process, for a cancel request. Fallback: the connection is closed without one. */
  readonly processID?: number | null
  readonly secretKey?: number | Buffer | null
  /** `false` while it runs something. Fallback: it is taken to run nothing. */
  readonly readyForQuery?: boolean
}

/** A bare protocol connection; what clients have as `connection`. */
export interface PrivateConnection extends Connection {
  connect(portOrSocket: number | string, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number | Buffer): void
  /** Reads messages from the socket, or from the TLS socket on it. Fallback: what its parser throws ends the process, as in stock pg. */
  attachListeners?(stream: Duplex): void
}

export interface PrivatePool {
  /** Takes an idle client out of the pool and ends it. Fallback: its place is counted until it is to be lent. */
  _remove?(client: Client): void
}

/** The class of the client's own copy of pg. */
export function connectionClass(client: Client): new (config: object) => PrivateConnection {
  return client.connection.constructor as new (config: object) => PrivateConnection
}

export function privatePool(pool: Pool): PrivatePool {
  return pool as unknown as PrivatePool
}

export function privateClient(client: Client): PrivateClient {
  return client as unknown as PrivateClient
}
