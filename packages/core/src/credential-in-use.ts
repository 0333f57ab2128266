import type { Clock } from './clock'
import type { Credential } from './credential'
import type { Lease } from './lease'
import { LeaseKeeper, type LeaseKeeperEvents } from './lease-keeper'
import type { CredentialSource } from './source'

/** A credential together with the lease that is kept alive behind it, from issue to revocation. */
export class CredentialInUse {
  /** Connections of the credential before this one stay right. */
  readonly keepsConnections: boolean
  readonly #source: CredentialSource
  readonly #databaseClockAheadMs: number
  readonly #clock: Clock
  readonly #keeper: LeaseKeeper | undefined

  constructor(
    readonly credential: Credential,
    lease: Lease | undefined,
    options: {
      source: CredentialSource
      keepsConnections: boolean
      databaseClockAheadMs: number
      clock: Clock
      random: () => number
      tell: LeaseKeeperEvents
    },
  ) {
    this.#source = options.source
    this.#clock = options.clock
    this.#databaseClockAheadMs = options.databaseClockAheadMs
    this.keepsConnections = options.keepsConnections
    this.#keeper = lease && new LeaseKeeper({ ...options, lease })
  }

  /** As of the last renewal; `undefined` for a credential that does not end. */
  get lease(): Lease | undefined {
    return this.#keeper?.lease
  }

  /** When it dies whatever its lease says, where that is known. */
  get limitMs(): number | undefined {
    const { lease } = this
    return lease && this.#source.limitMs?.(lease)
  }

  /** The earliest of all that ends it, and which one that is; `undefined` when nothing does. */
  get effectiveEnd(): { atMs: number; because: 'lease' | 'max-ttl' | 'token' } | undefined {
    const { lease, limitMs } = this
    if (lease === undefined) return undefined
    const leaseEndMs = lease.endsAtMs - this.#databaseClockAheadMs
    if (limitMs !== undefined && limitMs < leaseEndMs) return { atMs: limitMs, because: 'token' }
    return { atMs: leaseEndMs, because: lease.truncated ? 'max-ttl' : 'lease' }
  }

  /** Nobody can log in with it any more, as far as anybody here knows. */
  get hasEnded(): boolean {
    const endMs = this.effectiveEnd?.atMs ?? Infinity
    return this.#keeper?.state === 'ended' || endMs <= this.#clock.nowMs()
  }

  /** Asks the source at once how long it lasts. `false`: a lease that cannot be extended tells nothing. */
  renewNow(): boolean {
    return this.#keeper?.renewNow() ?? true
  }

  /** Gives the lease back; rejects with the source's error and goes on renewing nothing. Resolves at once without a lease. */
  async revoke(signal: AbortSignal): Promise<void> {
    const lease = this.lease
    if (lease === undefined) return
    this.#keeper?.stop('revoked')
    await this.#source.revoke?.(lease, signal)
  }
}
