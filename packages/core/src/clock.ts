/** The only place that reads time or sets timers; everything else is given a `Clock`. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin; only differences mean anything. */
  nowMs(): number
  /** Wall-clock milliseconds since 1970: to show to people and to compare with a server's times, never to schedule by. */
  dateMs(): number
  /** Resolves after `ms` (at once for 0 or less, after a turn of the event loop); rejects with `signal.reason` once `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Node fires a timer that is longer than this after 1 ms (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Real time. Its timers never keep the process alive, and long sleeps are split into pieces that Node's timer can hold. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  async sleep(ms, signal) {
    const endMs = performance.now() + ms
    for (let leftMs = ms; ; leftMs = endMs - performance.now()) {
      await timer(Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS), signal)
      if (endMs - performance.now() <= 0) return
    }
  },
}

/** Passes `work` on and keeps the process alive until it settles: for what an app awaits while nothing else may be going on. */
export async function keepingAlive<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, LONGEST_TIMER_MS)
  try {
    return await work
  } finally {
    clearInterval(alive)
  }
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(asError(signal.reason))
    const abort = (): void => {
      clearTimeout(timeout)
      reject(asError(signal?.reason))
    }
    // Rounded up: Node truncates fractions, and a timer that fires early would make its caller go round once more.
    const timeout = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, Math.ceil(ms))
    timeout.unref()
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('Aborted', { cause: reason })
}
