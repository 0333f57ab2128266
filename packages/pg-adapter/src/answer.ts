import { TimeLimit, type Clock } from '@leasepool/core'
import type { PoolClient } from 'pg'

export type Lend = (error: Error | undefined, client: PoolClient | undefined, release: (release?: unknown) => void) => void

/**
 * The one answer to who asks for a connection, within the pool's connection timeout. pg-pool measures each of its attempts by itself, so this
 * one starts a timer only when there is more to do than one attempt: a check, another connection, another login.
 */
export class Answer {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #startMs: number
  readonly #done: Lend
  #limit: TimeLimit | undefined
  #isGiven = false

  /** `timeoutMs`: 0 for none. */
  constructor(clock: Clock, timeoutMs: number, done: Lend) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#startMs = timeoutMs === 0 ? 0 : clock.nowMs()
    this.#done = done
  }

  /** Nobody waits any more. */
  get isGiven(): boolean {
    return this.#isGiven
  }

  takesLonger(): void {
    if (this.#timeoutMs === 0 || this.#limit !== undefined) return
    const leftMs = Math.max(0, this.#startMs + this.#timeoutMs - this.#clock.nowMs())
    this.#limit = new TimeLimit(this.#clock, leftMs)
    void this.#limit.passed.then(() =>
      this.give(new Error('timeout exceeded when trying to connect'), undefined, () => undefined),
    ) // as pg-pool says it
  }

  /** A connection that comes too late goes back. */
  give: Lend = (error, client, release) => {
    if (this.#isGiven) return client === undefined ? undefined : release()
    this.#isGiven = true
    this.#limit?.clear()
    this.#done(error, client, release)
  }
}
