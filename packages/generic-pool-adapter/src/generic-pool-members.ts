import type { Pool } from 'generic-pool'

/**
 * The members of generic-pool that are not part of its documented API and that we use, all of them. Checked on 3.9.0, its last version.
 */
interface PoolInternals {
  /** Fallback: a pool that does not ask before it lends is not noticed. */
  readonly _config?: { readonly testOnBorrow?: boolean }
  /**
   * What can be lent next, in that order. Fallback: a connection that was closed where it lay is counted as available until its turn to be
   * lent comes, and `min` is not filled up before.
   */
  readonly _availableObjects?: Deque
  /** Takes it out of the pool's count, has the factory destroy it, and fills up to `min`. Fallback: as above. */
  _destroy?(resource: PooledResource): void
}

/** A public class of generic-pool. */
interface Deque extends Iterable<PooledResource> {
  readonly length: number
  shift(): PooledResource | undefined
  push(resource: PooledResource): void
}

interface PooledResource {
  readonly obj: unknown
}

/** Whether the pool has its factory validate what it is about to lend. */
export function asksBeforeLending(pool: object): boolean {
  return (pool as PoolInternals)._config?.testOnBorrow !== false
}

/** Takes what lies there idle out of the pool, which has its factory destroy it. Does nothing when it is not there. */
export function takeOut<T>(pool: Pool<T>, resource: unknown): void {
  const { _availableObjects: available, _destroy: destroy } = pool as PoolInternals
  if (available === undefined || destroy === undefined) return
  if (![...available].some(({ obj }) => obj === resource)) return
  // Once around, so that the others keep their order.
  for (let left = available.length; left > 0; left--) {
    const next = available.shift()!
    if (next.obj === resource) destroy.call(pool, next)
    else available.push(next)
  }
}
