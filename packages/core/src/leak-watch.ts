import { Alarm } from './alarm'
import type { Clock } from './clock'
import type { ConnectionLedger } from './connection-ledger'
import type { LedgerEntry } from './ledger-entry'

/** Tells once of each connection that stays borrowed for longer than a limit. One timer for a whole pool, and none while nothing is borrowed. */
export class LeakWatch {
  readonly #ledger: Pick<ConnectionLedger<object>, 'overdue' | 'heldSinceMs'>
  readonly #warnMs: number
  readonly #tell: (held: LedgerEntry) => void
  readonly #alarm: Alarm
  readonly #clock: Clock

  constructor(options: {
    ledger: Pick<ConnectionLedger<object>, 'overdue' | 'heldSinceMs'>
    clock: Clock
    warnMs: number
    tell: (held: LedgerEntry) => void
  }) {
    this.#ledger = options.ledger
    this.#warnMs = options.warnMs
    this.#tell = options.tell
    this.#clock = options.clock
    this.#alarm = new Alarm(options.clock, () => this.#look())
  }

  /** A connection was lent just now. */
  lent(): void {
    if (this.#alarm.atMs === undefined) this.#alarm.set(this.#clock.nowMs() + this.#warnMs)
  }

  stop(): void {
    this.#alarm.clear()
  }

  #look(): void {
    for (const held of this.#ledger.overdue(this.#warnMs)) this.#tell(held)
    const sinceMs = this.#ledger.heldSinceMs
    if (sinceMs !== undefined) this.#alarm.set(sinceMs + this.#warnMs)
  }
}
