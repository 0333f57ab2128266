import type { Clock } from './clock'
import { ConnectionLedger, type Farewell } from './connection-ledger'
import type { Credential } from './credential'
import { ClosedError } from './errors'
import { milliseconds, nonEmptyString, type OptionRules } from './options'
import { TimeLimit } from './time-limit'
import type { ForcedClose, PoolStats, ProbeResult, RotatablePool } from './pool'

/** What an adapter knows of its library: how one physical connection is tried, closed, and closed by force. */
export interface ConnectionDriver<Connection extends object> {
  /**
   * Opens one connection with `candidate`, checks that its role is usable, closes it, and settles only when its socket has ended.
   * The slot for it is held meanwhile.
   */
  probe(candidate: Credential, signal: AbortSignal): Promise<void>
  /** Closes a connection. Synchronous, must not throw; the adapter calls `ledger.closed` when the socket has ended. */
  close(connection: Connection, how: Farewell): void
  /** Cancels what the connection runs, then closes it. Resolves when that is done as far as it can be; must not reject. */
  forceClose(connection: Connection): Promise<void>
}

/** What users can set on every leased pool, beside the options of the library itself. */
export interface LeasedPoolOptions {
  /** How events and messages name this pool. Default: the name of the database. */
  readonly name?: string
  /** A connection idle for longer than this is checked before it is lent, in ms. @default 500 */
  readonly pingBypassMs?: number
  /** How long that check may take, in ms; then the connection is closed and another one is used. @default 2_000 */
  readonly pingTimeoutMs?: number
  /** Time source, for tests. */
  readonly clock?: Clock
}

export const leasedPoolOptionRules: OptionRules<LeasedPoolOptions> = {
  name: { check: nonEmptyString },
  pingBypassMs: { check: milliseconds(0) },
  pingTimeoutMs: { check: milliseconds(1, 2 ** 31 - 1) },
  clock: { check: (value) => (typeof value === 'object' && value !== null ? undefined : 'a Clock') },
}

/** The `RotatablePool` of every adapter: a ledger, and a driver that does what the ledger decides. */
export class LedgerPool<Connection extends object> implements RotatablePool {
  readonly name: string
  readonly ledger: ConnectionLedger<Connection>
  readonly #driver: ConnectionDriver<Connection>
  readonly #clock: Clock
  readonly #slotWaitMs: number
  readonly #ending = new AbortController()
  #probing: Promise<unknown> | undefined

  constructor(options: {
    name: string
    max: number
    clock: Clock
    pingBypassMs: number
    /** How long a probe may wait for a slot of the pool, in ms. */
    probeSlotWaitMs: number
    driver: ConnectionDriver<Connection>
  }) {
    this.name = options.name
    this.#driver = options.driver
    this.#clock = options.clock
    this.#slotWaitMs = options.probeSlotWaitMs
    this.ledger = new ConnectionLedger({ ...options, close: (connection, how) => options.driver.close(connection, how) })
  }

  probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult> {
    const probing = this.#probe(candidate, AbortSignal.any([signal, this.#ending.signal])).catch((error: unknown) => {
      if (this.#ending.signal.aborted) return 'no-slot' as const // nobody needs the answer any more
      throw error
    })
    this.#probing = probing.catch(() => undefined)
    return probing
  }

  /** For the end of the pool: gives up a probe, and resolves once every socket is gone. */
  async end(): Promise<void> {
    this.#ending.abort(new ClosedError(`Pool ${this.name}`))
    await this.#probing
    await this.ledger.drained(Infinity)
  }

  promote(credential: Credential, { keepOlder = false }: { readonly keepOlder?: boolean } = {}): void {
    if (!keepOlder) this.ledger.retireGenerations(credential.generation - 1)
  }

  async drain(generation: number, deadline: AbortSignal): Promise<readonly ForcedClose[]> {
    this.ledger.retireGenerations(generation)
    const drained = this.ledger.drained(generation)
    const overdue = new Promise<'overdue'>((resolve) => {
      if (deadline.aborted) resolve('overdue')
      else deadline.addEventListener('abort', () => resolve('overdue'), { once: true })
    })
    if ((await Promise.race([drained, overdue])) !== 'overdue') return []
    const forced = this.#forceClose(generation)
    await drained
    return forced
  }

  stats(): PoolStats {
    const { ledger, name } = this
    const idle = ledger.count('idle') + ledger.count('ready')
    const { max, taken: sockets } = ledger.slots
    return { name, max, sockets, idle, borrowed: ledger.count('borrowed'), stale: ledger.count('stale') }
  }

  async #probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult> {
    if (!(await this.#takeSlot(signal))) return 'no-slot'
    try {
      await this.#driver.probe(candidate, signal)
      return 'logged-in'
    } finally {
      this.ledger.slots.giveBack()
    }
  }

  async #takeSlot(signal: AbortSignal): Promise<boolean> {
    const limit = new TimeLimit(this.#clock, this.#slotWaitMs)
    try {
      await this.ledger.takeSlotForProbe(AbortSignal.any([signal, limit.signal]))
      return true
    } catch (error) {
      if (signal.aborted) throw error
      return false
    } finally {
      limit.clear()
    }
  }

  #forceClose(generation: number): ForcedClose[] {
    const left = this.ledger.upTo(generation)
    for (const [connection] of left) void this.#driver.forceClose(connection)
    const nowMs = this.#clock.nowMs()
    return left
      .filter(([, entry]) => entry.state === 'borrowed')
      .map(([, entry]) => ({ generation: entry.generation, borrowedMs: Math.round(nowMs - entry.sinceMs) }))
  }
}
