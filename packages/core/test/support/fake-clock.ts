import type { Clock } from '../../src/clock'

interface Timer {
  readonly atMs: number
  readonly ring: () => void
}

/** More timers than this in one `advance` is a loop that never waits. */
const TOO_MANY = 50_000

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  #nowMs: number
  #suspendedMs = 0
  /** Every duration that was asked for, in order. */
  readonly slept: number[] = []

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs
  }

  /** How many sleeps are under way. */
  get pending(): number {
    return this.#timers.size
  }

  nowMs(): number {
    return this.#nowMs
  }

  dateMs(): number {
    return 1_700_000_000_000 + this.#nowMs + this.#suspendedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const abort = (): void => {
        this.#timers.delete(timer)
        reject(signal?.reason as Error)
      }
      const ring = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), ring }
      this.#timers.add(timer)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Lets everything that is due within `ms` happen, in the order of time; promises settle between one timer and the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    for (let rung = 0; ; rung++) {
      const timer = this.#nextUntil(endMs)
      if (timer === undefined) break
      if (rung > TOO_MANY) throw new Error(`More than ${TOO_MANY} timers rang: something does not wait`)
      this.#timers.delete(timer)
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      timer.ring()
      await settled()
    }
    this.#nowMs = endMs
  }

  /** Time goes by and nothing happens, as in a process that is stopped: what became due meanwhile is late. */
  jump(ms: number): void {
    this.#nowMs += ms
  }

  /** Time goes by that only the wall clock notices, as on a machine that is suspended. */
  suspend(ms: number): void {
    this.#suspendedMs += ms
  }

  #nextUntil(endMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs)) first = timer
    return first
  }
}

/** Resolves when every promise that can settle without time passing has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
