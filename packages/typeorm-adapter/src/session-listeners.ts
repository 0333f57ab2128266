import type { Pool, PoolClient } from 'pg'

/** What TypeORM listens for with `logNotifications`. */
const EVENTS = ['notice', 'notification'] as const

type Listener = (message: unknown) => void

/**
 * Lends the first client of a pool to TypeORM, which listens to that one only (`createPool` of its PostgreSQL drivers): the first rotation
 * would be the last that is heard of notices. So all later clients get the same listeners.
 */
export function lendFirst(pool: Pool, client: PoolClient, lend: () => void): void {
  const before = EVENTS.map((event) => client.listeners(event))
  lend()
  EVENTS.forEach((event, index) => {
    const added = client.listeners(event).filter((listener) => !before[index]!.includes(listener)) as Listener[]
    if (added.length > 0) pool.on('connect', (later) => added.forEach((listener) => later.on(event as 'notice', listener)))
  })
}
