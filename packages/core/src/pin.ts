import { OptionError } from './errors'
import { describe } from './options'

/** What pins each connection of a leased pool that is open; gives `undefined` when nobody has borrowed it. */
const pins = new WeakMap<object, () => (() => void) | undefined>()

/**
 * Says that a borrowed connection is held on purpose, for LISTEN or an advisory lock: the drain deadline leaves it open, with the event
 * `pinnedConnectionKept`, and it is closed only when its user ends. Until it is given back, or until the function that this returns is called.
 * Throws `OptionError` for anything else than a borrowed connection of a leased pool.
 */
export function pin(connection: object): () => void {
  const unpin = pins.get(connection)?.()
  if (unpin === undefined) throw new OptionError('pin.connection', 'a borrowed connection of a leased pool', describe(connection))
  return unpin
}

/** For adapters whose borrowers see another object than the ledger does. */
export function pinnable(connection: object, pin: () => (() => void) | undefined): void {
  pins.set(connection, pin)
}
