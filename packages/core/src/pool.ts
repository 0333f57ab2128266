import type { Credential } from './credential'

/** What a probe found out. `no-slot`: every slot of the pool stayed borrowed until the time limit, so nothing was tried. */
export type ProbeResult = 'logged-in' | 'no-slot'

/** A connection that is, or was, borrowed for long. */
export interface HeldConnection {
  readonly generation: number
  /** How long it has been borrowed, in ms. */
  readonly borrowedMs: number
  /** Where it was borrowed, with the pool's `captureStacks`. */
  readonly stack?: string
}

/** How a pool tells its credentials what they say in events. */
export interface PoolHost {
  leakSuspected(held: HeldConnection): void
}

/** How long a drain may take, and whom it tells. */
export interface DrainLimits {
  /** Aborts when borrowed connections have had their time. */
  readonly deadline: AbortSignal
  /** Aborts when pinned ones have to go as well, because their user ends. Not before `deadline`. */
  readonly end: AbortSignal
  /** A borrowed connection is being closed by force. */
  forced(held: HeldConnection): void
  /** A pinned connection stays open beyond `deadline`. */
  kept(held: HeldConnection): void
}

export interface PoolStats {
  readonly name: string
  /** Upper limit of sockets, probes included. */
  readonly max: number
  /** Sockets that are open or being opened now. */
  readonly sockets: number
  readonly idle: number
  readonly borrowed: number
  /** Open connections of earlier generations. */
  readonly stale: number
}

/** A connection pool that can move from one credential to the next. Adapters implement it; most through `LedgerPool`. */
export interface RotatablePool {
  readonly name: string
  /**
   * Logs in once with `candidate`, using a slot of the pool, and closes that connection again.
   * Rejects with the driver's error when the login fails, and soon after `signal` aborts.
   */
  probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult>
  /**
   * From now on new connections log in with `credential`. Synchronous; idle stale connections are closed at once, unless `keepOlder` says
   * that they are as good as new ones. Must not throw.
   */
  promote(credential: Credential, options?: { readonly keepOlder?: boolean }): void
  /**
   * Retires every generation up to `generation` and resolves once none of their sockets is left. When `deadline` aborts, what is still
   * borrowed is cancelled and closed, and reported; what is pinned is left until `end` does. Must not reject.
   */
  drain(generation: number, limits: DrainLimits): Promise<void>
  /** Called once, when it begins to follow credentials. */
  attached?(host: PoolHost): void
  stats(): PoolStats
}
