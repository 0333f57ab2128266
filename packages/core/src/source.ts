import type { Clock } from './clock'
import type { RotationReason, SourceReport, SourceRotationReason } from './events'
import type { Lease } from './lease'

/** What a source hands out: a user name, a password, and the lease behind them where there is one. */
export interface IssuedCredential {
  readonly username: string
  readonly password: string
  /** Without a lease a credential does not end, and is never renewed or revoked. */
  readonly lease?: Lease
  /**
   * Where the user is the one of before and only the password is new: connections that are open stay right, and are kept. Without effect
   * where the user is another one, or the credential before has a lease.
   * @default false
   */
  readonly keepsConnections?: boolean
}

/** What a source is given by the handle that uses it. */
export interface SourceHost {
  readonly clock: Clock
  /** A number in [0, 1), for jitter. */
  random(): number
  /** Passes on what the source did or met, as an event of the handle. */
  report(report: SourceReport): void
  /** Asks for a rotation: what stands behind the current credential is about to end, or the source has another one. */
  rotate(reason: SourceRotationReason): void
  /**
   * Hands over an answer that `issue` no longer waits for. A request that is cut off may have made a user all the same, which nobody would
   * give back: so it is left to end, and what it brings is given back when it comes.
   */
  abandoned(answer: Promise<IssuedCredential>): void
}

/**
 * Where credentials come from. `renew` and `revoke` are only called with leases that the source issued; all reject with typed
 * errors, and reject soon after `signal` aborts.
 */
export interface CredentialSource {
  /** How messages and `status()` name it, such as `vault database/creds/app`; no secrets. */
  readonly description: string
  /** The role's max_ttl where it was given, in ms. */
  readonly maxTtlMs?: number | undefined
  /** Gets ready to issue: logs in. Called until it resolves, before the first `issue`. */
  open?(host: SourceHost, signal: AbortSignal): Promise<void>
  /** `reason`: why it is asked for; most sources do not mind. */
  issue(signal: AbortSignal, reason: RotationReason): Promise<IssuedCredential>
  /** What `issue` gave last could log in, and is in use from now on. Must not throw. */
  promoted?(): void
  /** Extends a lease; resolves with what it is now. Rejects with {@link LeaseLostError} when the source no longer knows it. */
  renew?(lease: Lease, signal: AbortSignal): Promise<Lease>
  /** Gives a lease back: when it resolves, the database user is gone. */
  revoke?(lease: Lease, signal: AbortSignal): Promise<void>
  /** When a credential dies whatever its lease says, where that is known: the end of the token that issued it. */
  limitMs?(lease: Lease): number | undefined
  /** Called last: gives back what the source holds for itself. */
  close?(signal: AbortSignal): Promise<void>
}

/** Thrown by `renew`: the lease is gone, and with it (now or soon) the database user. */
export class LeaseLostError extends Error {
  constructor(options: { cause: unknown }) {
    super('The lease has ended, or is no longer known to its source', options)
    this.name = 'LeaseLostError'
  }
}
