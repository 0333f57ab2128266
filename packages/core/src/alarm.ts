import type { Clock } from './clock'

/** One for all: without a reason Node makes an exception with its stack each time. */
export const CLEARED = new Error('No longer needed')

/** One pending instant at which something is to be done; setting it again moves it. It never keeps the process alive. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #pending: AbortController | undefined
  #atMs: number | undefined

  /** `ring` must not throw. */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** When it will ring; `undefined` when it is not set. */
  get atMs(): number | undefined {
    return this.#atMs
  }

  /** Rings once at `atMs`, in a later turn even if that is past. `undefined` clears it. */
  set(atMs: number | undefined): void {
    this.clear()
    if (atMs === undefined) return
    const pending = new AbortController()
    this.#pending = pending
    this.#atMs = atMs
    this.#clock.sleep(Math.max(0, atMs - this.#clock.nowMs()), pending.signal).then(
      () => {
        if (this.#pending !== pending) return
        this.clear()
        this.#ring()
      },
      () => undefined, // cleared or set anew: nothing to do
    )
  }

  clear(): void {
    this.#pending?.abort(CLEARED)
    this.#pending = undefined
    this.#atMs = undefined
  }
}
