import { Alarm } from './alarm'
import type { Clock } from './clock'

/** How often it is looked, in ms. */
const LOOK_EVERY_MS = 15_000
/** A wall clock that has gone so much further than the monotonic one was not just set right, in ms. */
const MISSED_MS = 5_000

/**
 * Notices that the machine was suspended. Node's monotonic clock stands still meanwhile on Linux (it is CLOCK_MONOTONIC,
 * https://man7.org/linux/man-pages/man2/clock_gettime.2.html), and every timer with it: only the wall clock tells. A wall clock that
 * is set forward looks the same, and costs one renewal.
 */
export class SleepWatch {
  readonly #clock: Clock
  readonly #woke: (missedMs: number) => void
  readonly #alarm: Alarm
  #nowMs: number
  #dateMs: number

  /** `woke` is told how much time nobody had noticed. */
  constructor(clock: Clock, woke: (missedMs: number) => void) {
    this.#clock = clock
    this.#woke = woke
    this.#nowMs = clock.nowMs()
    this.#dateMs = clock.dateMs()
    this.#alarm = new Alarm(clock, () => this.#look())
    this.#alarm.set(this.#nowMs + LOOK_EVERY_MS)
  }

  stop(): void {
    this.#alarm.clear()
  }

  #look(): void {
    const nowMs = this.#clock.nowMs()
    const dateMs = this.#clock.dateMs()
    const missedMs = dateMs - this.#dateMs - (nowMs - this.#nowMs)
    this.#nowMs = nowMs
    this.#dateMs = dateMs
    this.#alarm.set(nowMs + LOOK_EVERY_MS)
    if (missedMs >= MISSED_MS) this.#woke(Math.round(missedMs))
  }
}
