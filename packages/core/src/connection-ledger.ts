import type { Clock } from './clock'
import { SocketSlots } from './socket-slots'

/**
 * `opening`: logging in and being prepared. `ready`: opened, never lent. `idle`: came back, can be lent again. `borrowed`: lent.
 * `closing`: said goodbye, the socket is not gone yet.
 */
export type ConnectionState = 'opening' | 'ready' | 'idle' | 'borrowed' | 'closing'

/** What is known of one physical connection. */
export interface LedgerEntry {
  /** The generation it logged in with, or is logging in with. */
  readonly generation: number
  readonly state: ConnectionState
  /** When it entered that state, by the clock's `nowMs()`. */
  readonly sinceMs: number
}

/** Changed in place: lending and giving back are on every query's way. */
interface Entry extends LedgerEntry {
  state: ConnectionState
  sinceMs: number
  /** Since when it had been idle when it was lent last. */
  idleSinceMs: number
  /** It is checked before it is lent again, however short it was idle. */
  isSuspect: boolean
}

/** `goodbye`: the connection runs nothing, end it politely. `cut`: it does not answer, drop its socket. */
export type Farewell = 'goodbye' | 'cut'

/** `lent`: use it. `ping`: lent, but check it first. `refused`: closing, gone, or stale; ask for another one. */
export type LendResult = 'lent' | 'ping' | 'refused'

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
  }) {
    this.slots = new SocketSlots(options.max)
    this.#clock = options.clock
    this.#close = options.close
    this.#bypassMs = options.pingBypassMs
  }

  /** A login begins. The caller holds a slot for it, which {@link closed} gives back. */
  opening(connection: Connection, generation: number): void {
    this.#entries.set(connection, {
      generation,
      state: 'opening',
      sinceMs: this.#clock.nowMs(),
      idleSinceMs: 0,
      isSuspect: false,
    })
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
   * overtook serves once (its lease is valid until the drain is over), so that nobody has to wait for two logins.
   */
  lend(connection: Connection): LendResult {
    const entry = this.#entries.get(connection)
    if (entry === undefined || entry.state === 'closing') return 'refused'
    const fresh = entry.state !== 'idle'
    if (!fresh && this.#isStale(entry)) {
      this.retire(connection)
      return 'refused'
    }
    entry.idleSinceMs = entry.sinceMs
    this.#enter(entry, 'borrowed')
    const isDue = entry.isSuspect || (!fresh && entry.sinceMs - entry.idleSinceMs > this.#bypassMs)
    entry.isSuspect = false
    return isDue ? 'ping' : 'lent'
  }

  /** It came back. `false`: it is stale, or its slot is wanted; it has been closed and must not be kept. */
  giveBack(connection: Connection): boolean {
    const entry = this.#entries.get(connection)
    if (entry === undefined || entry.state === 'closing') return false
    if (entry.state === 'idle') return true
    this.#enter(entry, 'idle')
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

  /** Makes every generation up to `generation` stale and closes those of its connections that nobody uses. */
  retireGenerations(generation: number): void {
    this.#retiredUpTo = Math.max(this.#retiredUpTo, generation)
    this.#retireIdle((entry) => this.#isStale(entry))
  }

  /** Resolves when no connection of `generation` or earlier is left, logins under way included. */
  drained(generation: number): Promise<void> {
    return this.#wait(() => this.upTo(generation).length === 0)
  }

  /** Resolves when nothing is borrowed. */
  returned(): Promise<void> {
    return this.#wait(() => this.count('borrowed') === 0)
  }

  /** Connections of `generation` or earlier, whatever they are doing. */
  upTo(generation: number): [Connection, LedgerEntry][] {
    return [...this.#entries].filter(([, entry]) => entry.generation <= generation)
  }

  count(which: ConnectionState | 'stale'): number {
    const is = (entry: LedgerEntry): boolean => (which === 'stale' ? this.#isStale(entry) : entry.state === which)
    return [...this.#entries.values()].filter(is).length
  }

  #makeRoom(slot: Promise<void>): void {
    if (this.count('closing') > 0) return // its slot is on the way
    const idle = [...this.#entries]
      .filter(([, entry]) => entry.state === 'idle')
      .toSorted(([, a], [, b]) => a.sinceMs - b.sinceMs)
    if (idle[0] !== undefined) return this.retire(idle[0][0])
    this.#slotWanted = true
    const served = (): void => void (this.#slotWanted = false)
    slot.then(served, served)
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
