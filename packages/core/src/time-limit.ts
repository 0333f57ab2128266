import { CLEARED } from './alarm'
import type { Clock } from './clock'

/** So much time for something, and a signal that aborts when it is up. */
export class TimeLimit {
  /** Resolves when the time is up; never once it was cleared. */
  readonly passed: Promise<void>
  readonly #over = new AbortController()
  readonly #cleared = new AbortController()

  constructor(clock: Clock, ms: number, message = `Not within ${ms} ms`) {
    this.passed = new Promise((resolve) => {
      clock.sleep(ms, this.#cleared.signal).then(
        () => {
          this.#over.abort(new Error(message))
          resolve()
        },
        () => undefined, // cleared
      )
    })
  }

  /** Aborts, with an `Error` that says so, when the time is up. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  get hasPassed(): boolean {
    return this.#over.signal.aborted
  }

  /** What it was for is over. */
  clear(): void {
    this.#cleared.abort(CLEARED)
  }
}
