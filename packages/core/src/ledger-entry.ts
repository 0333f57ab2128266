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
  /** Where in the app it was borrowed, if that is remembered: its stack says it. */
  readonly borrowedAt: Error | undefined
  /** Its borrower holds it on purpose. */
  readonly isPinned: boolean
  /** Somebody was told that it is borrowed for too long. */
  readonly isReported: boolean
}

/** Changed in place: lending and giving back are on every query's way. */
export interface Entry extends LedgerEntry {
  state: ConnectionState
  sinceMs: number
  borrowedAt: Error | undefined
  isPinned: boolean
  /** The last pin: an earlier one has no say in it any more. */
  pin: object | undefined
  isReported: boolean
  /** Since when it had been idle when it was lent last. */
  idleSinceMs: number
  /** It is checked before it is lent again, however short it was idle. */
  isSuspect: boolean
}

/** `goodbye`: the connection runs nothing, end it politely. `cut`: it does not answer, drop its socket. */
export type Farewell = 'goodbye' | 'cut'

/** `lent`: use it. `ping`: lent, but check it first. `refused`: closing, gone, or stale; ask for another one. */
export type LendResult = 'lent' | 'ping' | 'refused'
