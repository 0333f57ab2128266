import type { Clock } from './clock'
import { ConnectionLedger } from './connection-ledger'
import type { Credential } from './credential'
import { drain } from './drain'
import { ClosedError } from './errors'
import { JointSignal } from './joint-signal'
import { LeakWatch } from './leak-watch'
import type { LeasedPoolSettings } from './leased-pool-options'
import type { Farewell, LedgerEntry } from './ledger-entry'
import { TimeLimit } from './time-limit'
import type { DrainLimits, HeldConnection, PoolHost, PoolStats, ProbeResult, RotatablePool } from './pool'

const PROBE_SLOT_WAIT_MS = 1_000

/** What an adapter knows of its library: how one physical connection is tried, closed, and closed by force. */
export interface ConnectionDriver<Connection extends object> {
  /**
   * Opens one connection with `candidate`, checks that its role is usable, closes it, and settles only when its socket has ended.
   * The slot for it is held meanwhile.
   */
  probe(candidate: Credential, signal: AbortSignal): Promise<void>
  /** Closes a connection. Synchronous, must not throw; the adapter calls `ledger.closed` when the socket has ended. */
  close(connection: Connection, how: Farewell): void
  /**
   * Cancels what the connection runs, then closes it. Whatever socket that takes needs a slot of `ledger`, or the connection's own once that
   * is closed. Resolves when it is done as far as it can be; must not reject.
   */
  forceClose(connection: Connection, ledger: ConnectionLedger<Connection>): Promise<void>
}

/** The `RotatablePool` of every adapter: a ledger, and a driver that does what the ledger decides. */
export class LedgerPool<Connection extends object> implements RotatablePool {
  readonly name: string
  readonly ledger: ConnectionLedger<Connection>
  readonly #driver: ConnectionDriver<Connection>
  readonly #clock: Clock
  readonly #settings: LeasedPoolSettings
  readonly #slotWaitMs: number
  readonly #random: () => number
  readonly #leaks: LeakWatch | undefined
  readonly #ending = new AbortController()
  #host: PoolHost | undefined
  #probing: Promise<unknown> | undefined
  /** What new connections log in with, as far as a promotion has said it. */
  #promoted = 0
  /** A drain has begun for every generation up to this. */
  #drainingUpTo = 0
  #isClosingStale = false

  constructor(options: {
    settings: LeasedPoolSettings
    max: number
    driver: ConnectionDriver<Connection>
    /** How long a probe may wait for a slot of the pool, in ms. @default 1_000 */
    probeSlotWaitMs?: number
    random?: () => number
  }) {
    const { settings, max, driver } = options
    const { clock, pingBypassMs, leakWarnMs: warnMs } = settings
    this.name = settings.name
    this.#settings = settings
    this.#driver = driver
    this.#clock = clock
    this.#slotWaitMs = options.probeSlotWaitMs ?? PROBE_SLOT_WAIT_MS
    this.#random = options.random ?? Math.random
    this.ledger = new ConnectionLedger<Connection>({
      max,
      clock,
      pingBypassMs,
      close: (connection, how) => driver.close(connection, how),
      onLend: () => this.#leaks?.lent(),
    })
    if (warnMs !== undefined) {
      const tell = (entry: LedgerEntry): void => this.#host?.leakSuspected(this.#held(entry))
      this.#leaks = new LeakWatch({ ledger: this.ledger, clock, warnMs, tell })
    }
  }

  attached(host: PoolHost): void {
    this.#host = host
  }

  /**
   * Called where an app asks for a connection; what it gives goes to `ledger.lentTo` with the connection. `undefined` unless stacks are
   * captured.
   */
  askedHere(): Error | undefined {
    return this.#settings.captureStacks ? new Error('The connection was asked for here') : undefined
  }

  probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult> {
    const joint = new JointSignal(signal, this.#ending.signal)
    const probing = this.#probe(candidate, joint.signal)
      .catch((error: unknown) => {
        if (this.#ending.signal.aborted) return 'no-slot' as const // nobody needs the answer any more
        throw error
      })
      .finally(() => joint.clear())
    this.#probing = probing.catch(() => undefined)
    return probing
  }

  /** For the end of the pool: gives up a probe, and resolves once every socket is gone. */
  async end(): Promise<void> {
    this.#ending.abort(new ClosedError(`Pool ${this.name}`))
    await this.#probing
    await this.ledger.drained(Infinity)
    this.#leaks?.stop()
  }

  promote(credential: Credential, { keepOlder = false }: { readonly keepOlder?: boolean } = {}): void {
    this.#promoted = credential.generation
    if (!keepOlder) this.#retire(credential.generation - 1)
  }

  async drain(generation: number, limits: DrainLimits): Promise<void> {
    // What an earlier drain still waits for is that one's business, and must not hold up this one's lease.
    const after = this.#drainingUpTo < generation ? this.#drainingUpTo : 0
    this.#drainingUpTo = Math.max(this.#drainingUpTo, generation)
    this.#retire(generation)
    const { ledger } = this
    const forceClose = (connection: Connection): Promise<void> => this.#driver.forceClose(connection, ledger)
    await drain({ ledger, after, upTo: generation, limits, forceClose, held: (entry) => this.#held(entry) })
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
    const joint = new JointSignal(signal, limit.signal)
    try {
      await this.ledger.takeSlotForProbe(joint.signal)
      return true
    } catch (error) {
      if (signal.aborted) throw error
      return false
    } finally {
      limit.clear()
      joint.clear()
    }
  }

  /** What is in use now makes way for what is to come a little at a time; when nothing comes, at once. */
  #retire(generation: number): void {
    const paced = generation < this.#promoted
    this.ledger.retireGenerations(generation, { paced })
    if (paced && !this.#isClosingStale) void this.#closeStale()
  }

  /** One after the other: the database sees neither all goodbyes at once nor all logins that follow. */
  async #closeStale(): Promise<void> {
    const perSecond = this.#settings.drainPerSecond ?? this.ledger.slots.max
    this.#isClosingStale = true
    while (this.ledger.retireOneStale()) await this.#clock.sleep((1_000 / perSecond) * (0.5 + this.#random()))
    this.#isClosingStale = false
  }

  #held({ generation, sinceMs, borrowedAt }: LedgerEntry): HeldConnection {
    const borrowedMs = Math.round(this.#clock.nowMs() - sinceMs)
    return { generation, borrowedMs, ...(borrowedAt?.stack !== undefined && { stack: borrowedAt.stack }) }
  }
}
