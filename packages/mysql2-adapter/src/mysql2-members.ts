import type { Socket } from 'node:net'
import type { Connection, Pool, PoolCluster } from 'mysql2'

/**
 * The members of mysql2 that are not part of its documented API and that we use, all of them. Checked on mysql2 3.11.5 to 3.24.6.
 */

/** What a pool makes its connections from. Replaced, never changed, since mysql2 before 3.23.3 shares one among all connections. */
export interface ConnectionConfig {
  host: string
  port: number
  socketPath?: string | undefined
  localAddress?: string | undefined
  enableKeepAlive?: boolean
  keepAliveInitialDelay?: number | undefined
  database?: string | undefined
  user?: string | undefined
  password?: string | undefined
  passwordSha1?: unknown
  /** Called in a connection's constructor for its transport. The one place where a socket can be made to wait. */
  stream?: unknown
  pool?: unknown
}

export interface PoolInternals {
  config: { connectionConfig: ConnectionConfig; connectionLimit: number }
  /** Absent: a pool that was used before is not noticed. */
  readonly _allConnections?: { readonly length: number }
}

export interface ConnectionInternals {
  readonly config: ConnectionConfig
  /** The socket, or the TLS socket on it. */
  readonly stream: Socket
  readonly threadId: number | null
  /** A pooled connection's goodbye. Without it the one of our own copy of mysql2 is used, which others understand too. */
  readonly _realEnd?: (this: unknown, callback: () => void) => unknown
  /** `null` once mysql2 has taken the connection out of its pool. */
  readonly _pool?: unknown
}

export interface ClusterInternals {
  /** By the name of the node. */
  readonly _nodes: Record<string, { readonly pool: Pool }>
  /** Counts a failed attempt; takes the node out for ever at the fifth. */
  _increaseErrorCount(node: { readonly pool: Pool }): void
  /** Whether an attempt that failed is made again, on any node that is left; looked at after it was counted. */
  _canRetry: boolean
}

/** A command, as far as it can be listened to; what `query` and `execute` return. */
export interface Command {
  onResult?: ((error: unknown, ...rest: unknown[]) => void) | undefined
  on(event: symbol, listener: (error: unknown) => void): unknown
  once(event: 'end', listener: () => void): unknown
  emit(event: 'error', error: unknown): unknown
  listenerCount(event: 'error'): number
}

export function internalsOfPool(pool: Pool): PoolInternals {
  return pool as unknown as PoolInternals
}

export function internalsOf(connection: Connection): ConnectionInternals {
  return connection as unknown as ConnectionInternals
}

export function internalsOfCluster(cluster: PoolCluster): ClusterInternals {
  return cluster as unknown as ClusterInternals
}

/** A copy that is still a `ConnectionConfig`. */
export function copyOf(config: ConnectionConfig): ConnectionConfig {
  return Object.create(Object.getPrototypeOf(config) as object, Object.getOwnPropertyDescriptors(config)) as ConnectionConfig
}
