import type { DataSource } from './typeorm-members'

/** What a driver of ours made and has not ended, by the driver. */
const open = new WeakMap<object, Set<Closable>>()

/** A pool or cluster. */
export interface Closable {
  /** Idempotent: lets nobody new in, serves who waits, and resolves when what is borrowed came back and every socket is closed. */
  close(): Promise<void>
}

/** From now until it is closed, it is one of those of `driver`. Gives back what forgets it. */
export function opened(driver: object, pool: Closable): () => void {
  const all = open.get(driver) ?? new Set()
  open.set(driver, all.add(pool))
  return () => void all.delete(pool)
}

/**
 * Destroys a data source once everybody is done with it: lets nobody new in, serves who waits for a connection, waits for every query
 * runner (and so for every transaction) to come back, then calls `dataSource.destroy()`. Resolves when every socket is closed. TypeORM's own
 * `destroy()` takes query runners away from those who use them: on PostgreSQL a transaction under way fails. The options must be those of one
 * data source: pools of all that share them are closed.
 */
export async function closeDataSource(dataSource: DataSource): Promise<void> {
  const { driver } = dataSource.options as { driver?: object }
  const pools = driver === undefined ? undefined : open.get(driver)
  await Promise.all([...(pools ?? [])].map((pool) => pool.close()))
  await dataSource.destroy()
}
