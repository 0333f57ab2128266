import { Alarm } from '../alarm'
import { retryInMs as delayAfter } from '../retry'
import type { SourceHost } from '../source'

/** Looks at something from time to time, or when told to: one look at a time, failures reported and tried again with backoff. */
export class SourceChecks {
  readonly #source: string
  readonly #host: SourceHost
  readonly #check: (signal: AbortSignal) => Promise<number>
  readonly #alarm: Alarm
  readonly #stopped = new AbortController()
  #failures = 0
  #isLooking = false
  #lookAgain = false
  /** Counts what was planned: a look that began before the last plan does not overturn it. */
  #plans = 0

  /** `check` resolves with how long to wait until the next look, in ms. */
  constructor(options: { source: string; host: SourceHost; check: (signal: AbortSignal) => Promise<number> }) {
    this.#source = options.source
    this.#host = options.host
    this.#check = options.check
    this.#alarm = new Alarm(options.host.clock, () => this.now())
  }

  /** The next look comes in `ms`, whatever was planned before. What is called for was read: failures are over. */
  plan(ms: number): void {
    if (this.#stopped.signal.aborted) return
    this.#plans += 1
    this.#succeeded()
    this.#wait(ms)
  }

  /** Looks at once, or once more after the look that is under way. */
  now(): void {
    if (this.#stopped.signal.aborted) return
    if (this.#isLooking) this.#lookAgain = true
    else void this.#look()
  }

  /** No look is begun or reported from now on; one that is under way is given up. */
  stop(): void {
    this.#alarm.clear()
    this.#stopped.abort(new Error('The source is no longer looked at'))
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped
    const plans = this.#plans
    this.#isLooking = true
    this.#alarm.clear()
    try {
      const nextMs = await this.#check(signal)
      if (signal.aborted || plans !== this.#plans) return
      this.#succeeded()
      this.#wait(nextMs)
    } catch (cause) {
      if (!signal.aborted && plans === this.#plans) this.#failed(cause)
    } finally {
      this.#isLooking = false
      const again = this.#lookAgain
      this.#lookAgain = false
      if (again) this.now()
    }
  }

  #failed(cause: unknown): void {
    const attempt = (this.#failures += 1)
    const retryInMs = delayAfter(cause, attempt, Infinity, this.#host.random())
    this.#host.report({ type: 'sourceCheckFailed', event: { source: this.#source, attempt, retryInMs, cause } })
    this.#wait(retryInMs)
  }

  #succeeded(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#host.report({ type: 'sourceChecked', event: { source: this.#source } })
  }

  #wait(ms: number): void {
    this.#alarm.set(this.#host.clock.nowMs() + ms)
  }
}
