import { Alarm } from './alarm'
import type { Clock } from './clock'
import { heldOrSpent, next, type Lease, type LeaseSignal, type LeaseState } from './lease'
import { isRefusal } from './errors'
import { retryInMs as delayAfter } from './retry'
import { renewAtMs } from './schedule'
import { LeaseLostError, type CredentialSource } from './source'

/** What a {@link LeaseKeeper} tells its owner. */
export interface LeaseKeeperEvents {
  renewed(lease: Lease): void
  renewFailed(failure: { attempt: number; retryInMs: number | undefined; cause: unknown }): void
  /** The source will not extend the lease any more; it stays valid to its end. */
  refused(lease: Lease): void
  /** The source no longer knows the lease: the credential is dead, or will be soon. */
  lost(lease: Lease): void
}

/** Keeps one lease alive from its issue until it is spent, lost or stopped; also while its connections drain. */
export class LeaseKeeper {
  readonly #source: CredentialSource
  readonly #clock: Clock
  readonly #random: () => number
  readonly #tell: LeaseKeeperEvents
  readonly #alarm: Alarm
  readonly #stopped = new AbortController()
  #state: LeaseState

  constructor(options: { source: CredentialSource; lease: Lease; clock: Clock; random: () => number; tell: LeaseKeeperEvents }) {
    this.#source = options.source
    this.#clock = options.clock
    this.#random = options.random
    this.#tell = options.tell
    this.#state = heldOrSpent(options.lease)
    this.#alarm = new Alarm(options.clock, () => void this.#renew())
    this.#scheduleRenewal()
  }

  get lease(): Lease {
    return this.#state.lease
  }

  get state(): LeaseState['kind'] {
    return this.#state.kind
  }

  /** No renewal is started or reported from now on; one that is under way is given up. */
  stop(reason: 'revoked' | 'expired'): void {
    this.#take({ type: 'ended', reason })
    this.#alarm.clear()
    this.#stopped.abort(new Error('The lease is no longer kept'))
  }

  /** Renews at once rather than when it is due. `false`: there is nothing that could be renewed. */
  renewNow(): boolean {
    if (this.#state.kind === 'renewing') return true
    if (this.#state.kind !== 'held' || this.#source.renew === undefined) return false
    this.#alarm.clear()
    void this.#renew()
    return true
  }

  #scheduleRenewal(): void {
    if (this.#state.kind === 'held' && this.#source.renew !== undefined) this.#alarm.set(renewAtMs(this.lease, this.#random()))
  }

  async #renew(): Promise<void> {
    this.#take({ type: 'due' })
    if (this.#state.kind !== 'renewing') return
    // Late, by a process that was stopped or a blocked event loop: Vault could only say so, too.
    if (this.#clock.nowMs() >= this.lease.endsAtMs) return this.#expired()
    try {
      const lease = await this.#source.renew!(this.lease, this.#stopped.signal)
      if (this.#take({ type: 'renewed', lease })) this.#renewed(lease)
    } catch (cause) {
      this.#failed(cause)
    }
  }

  #renewed(lease: Lease): void {
    this.#scheduleRenewal()
    this.#tell.renewed(lease)
  }

  #failed(cause: unknown): void {
    const state = this.#state
    if (state.kind !== 'renewing') return
    if (cause instanceof LeaseLostError) {
      this.#take({ type: 'ended', reason: 'lost' })
      return this.#tell.lost(this.lease)
    }
    if (isRefusal(cause)) return this.#refused(state.attempt, cause)
    const retryInMs = this.#retryIn(state.attempt, cause)
    this.#tell.renewFailed({ attempt: state.attempt, retryInMs, cause })
    if (retryInMs === undefined) return this.#expired()
    this.#take({ type: 'failed' })
    this.#alarm.set(this.#clock.nowMs() + retryInMs)
  }

  #expired(): void {
    if (this.#take({ type: 'ended', reason: 'expired' })) this.#tell.lost(this.lease)
  }

  /** Asking again would not help: it is as if the lease had never been renewable. */
  #refused(attempt: number, cause: unknown): void {
    this.#take({ type: 'refused' })
    this.#tell.renewFailed({ attempt, retryInMs: undefined, cause })
    this.#tell.refused(this.lease)
  }

  /** `undefined` when the lease will have ended by then. */
  #retryIn(attempt: number, cause: unknown): number | undefined {
    const remainingMs = this.lease.endsAtMs - this.#clock.nowMs()
    const delayMs = delayAfter(cause, attempt, remainingMs, this.#random())
    return delayMs < remainingMs ? delayMs : undefined
  }

  /** `false` when the signal came too late to matter. */
  #take(signal: LeaseSignal): boolean {
    const state = next(this.#state, signal)
    if (state === undefined) return false
    this.#state = state
    return true
  }
}
