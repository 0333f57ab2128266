import type { Clock } from '@leasepool/core'

/** The first pause after a login that failed, and the longest, in ms. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Stands in for the connection that could not be made, on its way to who waits first: generic-pool has no other way to tell that one, and
 * would try again for ever.
 */
export class FailedCreate {
  readonly error: unknown
  #isOnItsWay = true

  constructor(error: unknown) {
    this.error = error
  }

  /** Nobody took it, or somebody has. */
  expire(): void {
    this.#isOnItsWay = false
  }

  get isOnItsWay(): boolean {
    return this.#isOnItsWay
  }
}

/** Pauses between logins while they fail, growing, so that a database that is down or full is left in peace. */
export class LoginPauses {
  readonly #clock: Clock
  #pauseMs = 0
  #untilMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async wait(): Promise<void> {
    const leftMs = this.#untilMs - this.#clock.nowMs()
    if (leftMs > 0) await this.#clock.sleep(leftMs)
  }

  succeeded(): void {
    this.#pauseMs = 0
    this.#untilMs = 0
  }

  /** Logins that fail side by side are one failure. */
  failed(): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs < this.#untilMs) return
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs))
    this.#untilMs = nowMs + this.#pauseMs
  }
}
