import type { Clock } from '@leasepool/core'

/** A timer that has been set. Cancelling one that already rang does nothing. */
export interface Alarm {
  cancel(): void
}

/** What an alarm does; work in the background is returned, so that {@link Time.advance} can wait for it. Must not throw. */
export type Ring = () => void | Promise<unknown>

interface SetAlarm {
  readonly atMs: number
  readonly ring: Ring
  /** Stops the sleep that is to ring it. */
  sleep: AbortController
}

/**
 * One time line in ms since 1970 that starts at the clock's date and then follows its monotonic time, so that a jump of the wall
 * clock moves no lease. It can be put forward.
 */
export class Time {
  readonly #clock: Clock
  readonly #originMs: number
  readonly #alarms = new Set<SetAlarm>()
  readonly #running = new Set<Promise<unknown>>()
  /** How far this time is ahead of the clock. */
  #aheadMs = 0
  #advancing: Promise<void> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#originMs = clock.dateMs() - clock.nowMs()
  }

  /** Now, in ms since 1970. */
  nowMs(): number {
    return this.#originMs + this.#clock.nowMs() + this.#aheadMs
  }

  /** Runs `ring` at `atMs` (ms since 1970; at once, in a later turn, if that is past). */
  alarm(atMs: number, ring: Ring): Alarm {
    const alarm: SetAlarm = { atMs, ring, sleep: new AbortController() }
    this.#alarms.add(alarm)
    this.#sleepUntil(alarm)
    return {
      cancel: () => {
        this.#alarms.delete(alarm)
        alarm.sleep.abort()
      },
    }
  }

  /** Work that {@link advance} waits for. Its failure is its owner's business. */
  follow(work: Promise<unknown>): void {
    const followed = work.catch(() => undefined).finally(() => this.#running.delete(followed))
    this.#running.add(followed)
  }

  /** Resolves when none of the work that is followed runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /**
   * Puts the time forward by `ms` at least. Every alarm on the way rings at its own time, and what it started has run before the
   * next one rings; alarms that are set meanwhile ring too if they are due.
   */
  advance(ms: number): Promise<void> {
    return (this.#advancing = this.#advancing.then(() => this.#advanceTo(this.nowMs() + ms)))
  }

  async #advanceTo(goalMs: number): Promise<void> {
    for (let next = this.#nextMs(); next <= goalMs; next = this.#nextMs()) {
      this.#moveTo(next)
      for (const alarm of this.#dueAlarms()) this.#ring(alarm)
      await this.settled()
    }
    this.#moveTo(goalMs)
    for (const alarm of this.#alarms) this.#sleepUntil(alarm)
  }

  #moveTo(instantMs: number): void {
    this.#aheadMs += Math.max(0, instantMs - this.nowMs())
  }

  #nextMs(): number {
    let nextMs = Infinity
    for (const { atMs } of this.#alarms) nextMs = Math.min(nextMs, atMs)
    return nextMs
  }

  #dueAlarms(): SetAlarm[] {
    const nowMs = this.nowMs()
    return [...this.#alarms].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)
  }

  #sleepUntil(alarm: SetAlarm): void {
    alarm.sleep.abort()
    const sleep = (alarm.sleep = new AbortController())
    this.#clock.sleep(alarm.atMs - this.nowMs(), sleep.signal).then(
      () => {
        // An abort in the turn in which the sleep ended comes too late for it.
        if (!sleep.signal.aborted) this.#ring(alarm)
      },
      () => undefined,
    )
  }

  #ring(alarm: SetAlarm): void {
    if (!this.#alarms.delete(alarm)) return
    alarm.sleep.abort()
    const work = alarm.ring()
    if (work !== undefined) this.follow(work)
  }
}

/** RFC 3339 with nanoseconds, as Go writes it. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z')
}
