import { pin as pinConnection } from '@leasepool/core'
import type { PoolConnection } from 'mysql2'
import type { PoolConnection as PromisePoolConnection } from 'mysql2/promise'

/**
 * Says that a borrowed connection is held on purpose, for `GET_LOCK`, say: the drain deadline leaves it open, with the event
 * `pinnedConnectionKept`, and it is closed only when its user ends. Until it is given back, or until the function that this returns is called.
 * Throws `OptionError` for anything else than a borrowed connection of a leased pool.
 */
export function pin(connection: PoolConnection | PromisePoolConnection): () => void {
  // The promise pool's own connections are wrapped.
  return pinConnection((connection as unknown as { connection?: PoolConnection } | undefined)?.connection ?? connection)
}
