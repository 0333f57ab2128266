/**
 * A fixed number of slots, one for each open socket. Every stock pool forgets a connection before its socket has closed and so
 * overshoots its `max`; here a new socket waits until an old one is really gone.
 */
export class SocketSlots {
  readonly #max: number
  #taken = 0
  readonly #waiting: Waiter[] = []

  constructor(max: number) {
    this.#max = max
  }

  get taken(): number {
    return this.#taken
  }

  get max(): number {
    return this.#max
  }

  /** Whether somebody waits for a slot. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /**
   * Takes a slot, in the order of asking; `first` goes before everybody who waits. Rejects with `signal.reason` once it aborts.
   * Every slot that was taken is given back with {@link giveBack}, exactly once.
   */
  take(options: { first?: boolean; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { first = false, signal } = options
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    if (this.#taken < this.#max) {
      this.#taken += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve: () => (signal?.removeEventListener('abort', abort), resolve()) }
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (first) this.#waiting.unshift(waiter)
      else this.#waiting.push(waiter)
    })
  }

  /** Gives one slot back: to the first who waits, if anybody does. */
  giveBack(): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#taken -= 1
    else waiter.resolve()
  }
}

interface Waiter {
  resolve(): void
}
