import { Alarm } from './alarm'
import type { Clock } from './clock'
import type { CredentialInUse } from './credential-in-use'
import { isRefusal } from './errors'
import type { Emit } from './events'
import { leaseName } from './names'
import type { RotatablePool } from './pool'
import { retryInMs } from './retry'
import { drainDeadlineMs } from './schedule'

/** The last two steps of a rotation, in the background: wait until nobody uses the old credential, then give its lease back. */
export class Retirement {
  /** Resolves when it is over, whatever came of it; never rejects. */
  readonly done: Promise<void>
  readonly inUse: CredentialInUse
  readonly #clock: Clock
  readonly #random: () => number
  readonly #emit: Emit
  readonly #retiredAtMs: number
  readonly #deadline = new AbortController()
  readonly #alarm: Alarm
  #capMs: number

  constructor(options: {
    inUse: CredentialInUse
    pools: Iterable<RotatablePool>
    clock: Clock
    random: () => number
    /** Longest time that borrowed connections are waited for, in ms. */
    drainDeadlineMs: number
    emit: Emit
    /** Gives up on Vault when it aborts. */
    signal: AbortSignal
  }) {
    this.inUse = options.inUse
    this.#clock = options.clock
    this.#random = options.random
    this.#emit = options.emit
    this.#capMs = options.drainDeadlineMs
    this.#retiredAtMs = options.clock.nowMs()
    this.#alarm = new Alarm(options.clock, () => this.#deadline.abort())
    this.replan()
    this.done = this.#run([...options.pools], options.signal)
  }

  /** Sets the deadline anew; called when a renewal has moved the end of the old lease. */
  replan(): void {
    if (this.#deadline.signal.aborted) return
    this.#alarm.set(drainDeadlineMs(this.#retiredAtMs, this.#capMs, this.inUse.lease, this.inUse.effectiveEnd?.atMs))
  }

  /** Lets borrowed connections have no more than `ms` from now. */
  hurry(ms: number): void {
    this.#capMs = Math.min(this.#capMs, this.#clock.nowMs() - this.#retiredAtMs + ms)
    this.replan()
  }

  async #run(pools: RotatablePool[], signal: AbortSignal): Promise<void> {
    const { generation } = this.inUse.credential
    const forced = await Promise.all(pools.map((pool) => this.#drain(pool, generation)))
    this.#alarm.clear()
    const reason = forced.some((count) => count > 0) ? 'deadline' : 'idle'
    this.#emit('drained', { generation, reason, waitedMs: Math.round(this.#clock.nowMs() - this.#retiredAtMs) })
    await this.#revoke(signal)
  }

  async #drain(pool: RotatablePool, generation: number): Promise<number> {
    const forced = await pool.drain(generation, this.#deadline.signal).catch(() => this.#untilDeadline())
    for (const connection of forced) this.#emit('connectionForced', { pool: pool.name, ...connection })
    return forced.length
  }

  /** For a pool that does not say when it has drained: nothing is given back before the time that connections were promised. */
  #untilDeadline(): Promise<[]> {
    return new Promise((resolve) => {
      if (this.#deadline.signal.aborted) resolve([])
      else this.#deadline.signal.addEventListener('abort', () => resolve([]), { once: true })
    })
  }

  async #revoke(signal: AbortSignal): Promise<void> {
    const { credential, lease } = this.inUse
    if (lease === undefined) return
    const event = { generation: credential.generation, lease: leaseName(lease.id) }
    for (let attempt = 1; ; attempt++) {
      try {
        await this.inUse.revoke(signal)
        return this.#emit('revoked', event)
      } catch (cause) {
        const remainingMs = Math.max(0, lease.endsAtMs - this.#clock.nowMs())
        const delayMs = retryInMs(cause, attempt, remainingMs, this.#random())
        const final = signal.aborted || delayMs >= remainingMs || isRefusal(cause)
        if (final) return this.#emit('revokeFailed', { ...event, endsInMs: Math.round(remainingMs), cause })
        await this.#clock.sleep(delayMs, signal).catch(() => undefined) // aborted: one last try, which fails at once
      }
    }
  }
}
