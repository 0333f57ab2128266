import { Alarm } from './alarm'
import type { Clock } from './clock'
import type { CredentialInUse } from './credential-in-use'
import { isRefusal } from './errors'
import type { Emit } from './events'
import { leaseName } from './names'
import type { DrainLimits, RotatablePool } from './pool'
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
  readonly #deadline: Deadline
  /** That of pinned connections. */
  readonly #end: Deadline
  #hasDrained = false

  constructor(options: {
    inUse: CredentialInUse
    pools: Iterable<RotatablePool>
    clock: Clock
    random: () => number
    /** Longest time that borrowed connections are waited for, in ms. */
    drainDeadlineMs: number
    /** The same for pinned ones. */
    pinnedDeadlineMs: number
    emit: Emit
    /** Gives up on Vault when it aborts. */
    signal: AbortSignal
  }) {
    this.inUse = options.inUse
    this.#clock = options.clock
    this.#random = options.random
    this.#emit = options.emit
    this.#retiredAtMs = options.clock.nowMs()
    this.#deadline = new Deadline(options.clock, options.drainDeadlineMs)
    this.#end = new Deadline(options.clock, options.pinnedDeadlineMs)
    this.replan()
    this.done = this.#run([...options.pools], options.signal)
  }

  /** Sets the deadlines anew; called when a renewal has moved the end of the old lease. */
  replan(): void {
    if (this.#hasDrained) return
    for (const deadline of [this.#deadline, this.#end]) {
      deadline.set(drainDeadlineMs(this.#retiredAtMs, deadline.capMs, this.inUse.lease, this.inUse.effectiveEnd?.atMs))
    }
  }

  /** Lets borrowed connections have no more than `ms` from now. */
  hurry(ms: number): void {
    const capMs = this.#clock.nowMs() - this.#retiredAtMs + ms
    for (const deadline of [this.#deadline, this.#end]) deadline.capMs = Math.min(deadline.capMs, capMs)
    this.replan()
  }

  async #run(pools: RotatablePool[], signal: AbortSignal): Promise<void> {
    const { generation } = this.inUse.credential
    const forced = await Promise.all(pools.map((pool) => this.#drain(pool, generation)))
    this.#hasDrained = true // from now on nothing is due: the next rotation must not set the deadlines again
    for (const deadline of [this.#deadline, this.#end]) deadline.clear()
    const reason = forced.some((count) => count > 0) ? 'deadline' : 'idle'
    this.#emit('drained', { generation, reason, waitedMs: Math.round(this.#clock.nowMs() - this.#retiredAtMs) })
    await this.#revoke(signal)
  }

  /** Resolves with how many connections were closed by force. */
  async #drain(pool: RotatablePool, generation: number): Promise<number> {
    let count = 0
    const limits: DrainLimits = {
      deadline: this.#deadline.signal,
      end: this.#end.signal,
      forced: (held) => {
        count += 1
        this.#emit('connectionForced', { pool: pool.name, ...held })
      },
      kept: (held) => {
        const forMs = this.#end.leftMs
        if (forMs !== 0) this.#emit('pinnedConnectionKept', { pool: pool.name, ...held, forMs })
      },
    }
    // One that does not say when it has drained: nothing is given back before the time that connections were promised.
    await pool.drain(generation, limits).catch(() => this.#deadline.passed)
    return count
  }

  async #revoke(signal: AbortSignal): Promise<void> {
    const { credential, lease } = this.inUse
    if (lease === undefined) return
    const event = { generation: credential.generation, lease: leaseName(lease.id) }
    let reason: unknown
    for (let attempt = 1; ; attempt++) {
      try {
        await this.inUse.revoke(signal)
        return this.#emit('revoked', event)
      } catch (cause) {
        // What an attempt that we cut off fails with says nothing: the one before it does.
        reason = signal.aborted ? (reason ?? cause) : cause
        const remainingMs = Math.max(0, lease.endsAtMs - this.#clock.nowMs())
        const delayMs = retryInMs(cause, attempt, remainingMs, this.#random())
        const final = signal.aborted || delayMs >= remainingMs || isRefusal(cause)
        if (final) return this.#emit('revokeFailed', { ...event, endsInMs: Math.round(remainingMs), cause: reason })
        await this.#clock.sleep(delayMs, signal).catch(() => undefined) // aborted: one last try, which fails at once
      }
    }
  }
}

/** An instant that can be moved until it has come. */
class Deadline {
  readonly passed: Promise<void>
  /** Longest time after the retirement, in ms. */
  capMs: number
  readonly #clock: Clock
  readonly #over = new AbortController()
  readonly #alarm: Alarm

  constructor(clock: Clock, capMs: number) {
    this.capMs = capMs
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => this.#over.abort())
    this.passed = new Promise((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** `undefined`: it does not come by itself. */
  get leftMs(): number | undefined {
    return this.#alarm.atMs === undefined ? undefined : Math.max(0, Math.round(this.#alarm.atMs - this.#clock.nowMs()))
  }

  set(atMs: number): void {
    if (!this.signal.aborted) this.#alarm.set(Number.isFinite(atMs) ? atMs : undefined)
  }

  clear(): void {
    this.#alarm.clear()
  }
}
