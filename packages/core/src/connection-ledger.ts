import type { Clock } from './clock'
import type { Entry, Farewell, LedgerEntry, ConnectionState, LendResult } from './ledger-entry'
import { pinnable } from './pin'
import { SocketSlots } from './socket-slots'

/**
 * The book of one pool: which physical connection belongs to which generation, since when it is idle or borrowed, whether it needs
 * a pre-ping, and when the last stale one is gone. It also holds the pool's socket slots. It closes nothing itself: it calls
 * `close` with each connection that is to go, and counts it until `closed` says that its socket has ended.
 */
export class ConnectionLedger<Connection extends object> {
  readonly slots: SocketSlots
  readonly #clock: Clock
  readonly #close: (connection: Connection, how: Farewell) => void
  readonly #bypassMs: number
  readonly #onLend: (() => void) | undefined
  readonly #entries = new Map<Connection, Entry>()
  /** Connections of this generation and earlier are stale. */
  #retiredUpTo = 0
  /** A probe waits for a slot: the next connection that comes back is closed instead of kept. */
  #slotWanted = false
  /** Who waits for what. */
  #waits: { readonly isOver: () => boolean; readonly done: () => void }[] = []

  constructor(options: {
    max: number
    clock: Clock
    pingBypassMs: number
    close: (connection: Connection, how: Farewell) => void
    /** Told of each connection that is lent. */
    onLend?: () => void
  }) {
    this.slots = new SocketSlots(options.max)
    this.#clock = options.clock
    this.#close = options.close
    this.#bypassMs = options.pingBypassMs
    this.#onLend = options.onLend
  }

  /** A login begins. The caller holds a slot for it, which {@link closed} gives back. */
  opening(connection: Connection, generation: number): void {
    this.#entries.set(connection, {
      generation,
      state: 'opening',
      sinceMs: this.#clock.nowMs(),
      borrowedAt: undefined,
      isPinned: false,
      pin: undefined,
      isReported: false,
      idleSinceMs: 0,
      isSuspect: false,
    })
    pinnable(connection, () => this.pin(connection))
  }

  /** The login is complete and the connection can be lent. One that became stale meanwhile goes unless it is lent at once. */
  opened(connection: Connection): void {
    const entry = this.#entries.get(connection)
    if (entry?.state !== 'opening') return
    this.#enter(entry, 'ready')
    if (!this.#isStale(entry)) return
    const retireUnused = (): void => (this.#entries.get(connection)?.state === 'ready' ? this.retire(connection) : undefined)
    void this.#clock.sleep(0).then(retireUnused)
  }

  /**
   * The pool is about to lend it. A stale one is refused and closed, except when it has just been opened: a login that a rotation
   * overtook serves once (its lease is valid until the drain is over), so that nobody has to wait for two logins. One that would have to be
   * checked is refused and closed where there were checks enough: `mayPing` is false.
   */
  lend(connection: Connection, mayPing = true): LendResult {
    const entry = this.#entries.get(connection)
    if (entry === undefined || entry.state === 'closing') return 'refused'
    const fresh = entry.state !== 'idle'
    if (!fresh && this.#isStale(entry)) {
      this.retire(connection)
      return 'refused'
    }
    const isDue = entry.isSuspect || (!fresh && this.#clock.nowMs() - entry.sinceMs > this.#bypassMs)
    if (isDue && !mayPing) {
      this.retire(connection)
      return 'refused'
    }
    entry.idleSinceMs = entry.sinceMs
    entry.isSuspect = false
    entry.isReported = false
    entry.borrowedAt = undefined
    this.#enter(entry, 'borrowed')
    this.#onLend?.()
    return isDue ? 'ping' : 'lent'
  }

  /** Remembers where a lent connection was asked for. */
  lentTo(connection: Connection, borrowedAt: Error | undefined): void {
    const entry = this.#entries.get(connection)
    if (entry?.state === 'borrowed') entry.borrowedAt = borrowedAt
  }

  /** Its borrower holds it on purpose, until it is given back or the returned function is called. `undefined`: nobody has borrowed it. */
  pin(connection: Connection): (() => void) | undefined {
    const entry = this.#entries.get(connection)
    if (entry?.state !== 'borrowed') return undefined
    const pin = {}
    entry.isPinned = true
    entry.pin = pin
    return () => {
      if (entry.pin === pin) entry.isPinned = false
    }
  }

  /** What has been borrowed for so long and was not told of yet; it counts as told now. */
  overdue(borrowedMs: number): LedgerEntry[] {
    const sinceMs = this.#clock.nowMs() - borrowedMs
    const late = [...this.#entries.values()].filter(
      (entry) => entry.state === 'borrowed' && !entry.isReported && entry.sinceMs <= sinceMs,
    )
    for (const entry of late) entry.isReported = true
    return late
  }

  /** Since when the one has been borrowed that was lent first of those that nobody was told of. */
  get heldSinceMs(): number | undefined {
    const held = [...this.#entries.values()].filter((entry) => entry.state === 'borrowed' && !entry.isReported)
    return held.length === 0 ? undefined : Math.min(...held.map(({ sinceMs }) => sinceMs))
  }

  /** Whether somebody has it. What comes back without having been lent came back twice. */
  isBorrowed(connection: Connection): boolean {
    return this.#entries.get(connection)?.state === 'borrowed'
  }

  /** It came back. `false`: it is stale, or its slot is wanted; it has been closed and must not be kept. */
  giveBack(connection: Connection): boolean {
    const entry = this.#entries.get(connection)
    if (entry === undefined || entry.state === 'closing') return false
    if (entry.state === 'idle') return true
    this.#enter(entry, 'idle')
    entry.isPinned = false
    this.#settleWaits()
    if (!this.#isStale(entry) && !this.#slotWanted) return true
    this.retire(connection)
    return false
  }

  /** Something may be wrong with it: it is checked before it is lent again. */
  suspect(connection: Connection): void {
    const entry = this.#entries.get(connection)
    if (entry !== undefined) entry.isSuspect = true
  }

  /** Closes a connection, whatever it was doing; its slot stays taken until {@link closed}. */
  retire(connection: Connection, how: Farewell = 'goodbye'): void {
    if (this.closing(connection)) this.#close(connection, how)
  }

  /** Somebody else is closing it. `false`: it is closing already, or gone. */
  closing(connection: Connection): boolean {
    const entry = this.#entries.get(connection)
    if (entry === undefined || entry.state === 'closing') return false
    this.#enter(entry, 'closing')
    entry.isPinned = false
    this.#slotWanted = false
    this.#settleWaits()
    return true
  }

  /** The pre-ping of a lent connection failed: retires it, and every other one that has been idle for as long or longer. */
  pingFailed(connection: Connection, how: Farewell): void {
    const idleSinceMs = this.#entries.get(connection)?.idleSinceMs ?? 0
    this.retire(connection, how)
    this.#retireIdle((entry) => entry.sinceMs <= idleSinceMs, how)
  }

  /** Its socket has ended: the slot is free. */
  closed(connection: Connection): void {
    if (!this.#entries.delete(connection)) return
    this.slots.giveBack()
    this.#settleWaits()
  }

  /**
   * Takes a slot for a probe before anybody else. When all are taken, the longest idle connection is closed for it, or the next one
   * that comes back. Rejects with `signal.reason` once it aborts. The slot is given back with `slots.giveBack()`.
   */
  takeSlotForProbe(signal: AbortSignal): Promise<void> {
    const slot = this.slots.take({ first: true, signal })
    if (this.slots.isWaiting) this.#makeRoom(slot)
    return slot
  }

  /**
   * Makes every generation up to `generation` stale and closes those of its connections that nobody uses. `paced`: idle ones are closed by
   * {@link retireOneStale}; until then they are refused, as ever, when they are to be lent.
   */
  retireGenerations(generation: number, { paced = false }: { readonly paced?: boolean } = {}): void {
    this.#retiredUpTo = Math.max(this.#retiredUpTo, generation)
    this.#retireIdle((entry) => this.#isStale(entry) && !(paced && entry.state === 'idle'))
  }

  /** Closes the stale connection that has been idle for longest. `false`: there is none. */
  retireOneStale(): boolean {
    const [first] = this.#idle().filter(([, entry]) => this.#isStale(entry))
    if (first !== undefined) this.retire(first[0])
    return first !== undefined
  }

  /** Resolves when no connection of `generation` or earlier, but later than `after`, is left, logins under way included. */
  drained(generation: number, after = 0): Promise<void> {
    return this.#wait(() => this.upTo(generation, after).length === 0)
  }

  /** Resolves when nothing is borrowed. */
  returned(): Promise<void> {
    return this.#wait(() => this.count('borrowed') === 0)
  }

  /** Connections of `generation` or earlier, but later than `after`, whatever they are doing. */
  upTo(generation: number, after = 0): [Connection, LedgerEntry][] {
    return [...this.#entries].filter(([, entry]) => entry.generation <= generation && entry.generation > after)
  }

  count(which: ConnectionState | 'stale'): number {
    const is = (entry: LedgerEntry): boolean => (which === 'stale' ? this.#isStale(entry) : entry.state === which)
    return [...this.#entries.values()].filter(is).length
  }

  #makeRoom(slot: Promise<void>): void {
    if (this.count('closing') > 0) return // its slot is on the way
    const [first] = this.#idle()
    if (first !== undefined) return this.retire(first[0])
    this.#slotWanted = true
    const served = (): void => void (this.#slotWanted = false)
    slot.then(served, served)
  }

  /** Those that have been idle for longest first. */
  #idle(): [Connection, Entry][] {
    return [...this.#entries].filter(([, entry]) => entry.state === 'idle').toSorted(([, a], [, b]) => a.sinceMs - b.sinceMs)
  }

  #isStale(entry: LedgerEntry): boolean {
    return entry.generation <= this.#retiredUpTo
  }

  #retireIdle(which: (entry: LedgerEntry) => boolean, how?: Farewell): void {
    for (const [connection, entry] of [...this.#entries]) {
      if ((entry.state === 'idle' || entry.state === 'ready') && which(entry)) this.retire(connection, how)
    }
  }

  #enter(entry: Entry, state: ConnectionState): void {
    entry.state = state
    entry.sinceMs = this.#clock.nowMs()
  }

  #wait(isOver: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.#waits.push({ isOver, done })
      this.#settleWaits()
    })
  }

  #settleWaits(): void {
    if (this.#waits.length === 0) return
    const settled = this.#waits.filter(({ isOver }) => isOver())
    this.#waits = this.#waits.filter((wait) => !settled.includes(wait))
    for (const { done } of settled) done()
  }
}
