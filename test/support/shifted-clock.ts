import { systemClock, type Clock } from '@leasepool/core'

/** Real time, of which a test can let some more go by: sleeps that are due then end at once. */
export class ShiftedClock implements Clock {
  #shiftMs = 0
  readonly #sleeping = new Set<() => void>()

  nowMs(): number {
    return systemClock.nowMs() + this.#shiftMs
  }

  dateMs(): number {
    return systemClock.dateMs() + this.#shiftMs
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const endMs = this.nowMs() + ms
    do {
      const moved = new AbortController()
      const wake = (): void => moved.abort()
      this.#sleeping.add(wake)
      const either = signal === undefined ? moved.signal : AbortSignal.any([signal, moved.signal])
      await systemClock.sleep(endMs - this.nowMs(), either).catch(() => signal?.throwIfAborted())
      this.#sleeping.delete(wake)
      signal?.throwIfAborted()
    } while (this.nowMs() < endMs)
  }

  later(ms: number): void {
    this.#shiftMs += ms
    for (const wake of [...this.#sleeping]) wake()
  }
}
