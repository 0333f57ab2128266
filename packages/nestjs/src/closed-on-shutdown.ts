import { aFunction, describe, OptionError } from '@leasepool/core'
import { addShutdownHook } from './nest-members'

/**
 * Has Nest close what a factory provides when the app shuts down, after the last request was answered and before the credentials are
 * closed: `useFactory: (credentials) => closedOnShutdown(knex(leasedKnex(config, credentials)), (db) => db.destroy())`. Gives the same object
 * back, with a hook `onApplicationShutdown` that is not enumerable. Throws `OptionError`.
 */
export function closedOnShutdown<T extends object>(provided: T, close: (provided: T) => unknown): T {
  if ((typeof provided !== 'object' && typeof provided !== 'function') || provided === null) {
    throw new OptionError('closedOnShutdown.provided', 'a pool or another object', describe(provided))
  }
  const expected = aFunction(close)
  if (expected !== undefined) throw new OptionError('closedOnShutdown.close', expected, describe(close))
  let closing: Promise<void> | undefined
  const closeIt = async (): Promise<void> => void (await close(provided))
  // Nest calls it for each provider that gives the object, and for each `app.close()`; a pool of pg, for one, can be ended once.
  addShutdownHook(provided, () => (closing ??= closeIt()))
  return provided
}
