import type { Clock } from './clock'
import type { Credential } from './credential'
import { ProbeError } from './errors'
import type { Emit } from './events'
import { JointSignal } from './joint-signal'
import type { RotatablePool } from './pool'
import { retryDelayMs } from './schedule'
import { TimeLimit } from './time-limit'

/** How long a pool may take to close the connection of a probe that was given up, in ms. */
const ABORT_GRACE_MS = 2_000

export interface ProbeOptions {
  readonly clock: Clock
  readonly random: () => number
  /** How long a new user may take until it can log in everywhere, in ms. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly emit: Emit
}

/**
 * Logs in once with `candidate` in every pool, trying again while the new user propagates (a replica may be seconds behind).
 * Rejects with {@link ProbeError} as soon as one of them cannot within the time limit; the others stop trying then. A pool without a
 * free slot is gone on without.
 */
export async function probeEverywhere(
  pools: Iterable<RotatablePool>,
  candidate: Credential,
  options: ProbeOptions,
): Promise<void> {
  const { clock, timeoutMs } = options
  const startMs = clock.nowMs()
  const limit = new TimeLimit(clock, timeoutMs, `No answer within ${timeoutMs} ms`)
  const failed = new AbortController()
  const joint = new JointSignal(options.signal, limit.signal, failed.signal)
  const { signal } = joint
  const probes = [...pools].map((pool) => probe(pool, candidate, { ...options, signal, startMs }))
  try {
    await Promise.all(probes)
  } catch (error) {
    failed.abort(error)
    await Promise.allSettled(probes) // the candidate is given back next: nobody may be logging in with it then
    throw error
  } finally {
    limit.clear()
    joint.clear()
  }
}

/** A pool settles soon after `signal` aborts. One that does not must not hold up the rotation of all others. */
function bounded<T>(probing: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => void clock.sleep(ABORT_GRACE_MS).then(() => reject(signal.reason as Error))
    void probing.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}

async function probe(pool: RotatablePool, candidate: Credential, options: ProbeOptions & { startMs: number }): Promise<void> {
  const { clock, emit, signal, startMs } = options
  const { generation } = candidate
  let reason: unknown
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await bounded(pool.probe(candidate, signal), signal, clock)
      if (result === 'no-slot')
        emit('probeSkipped', { pool: pool.name, generation, waitedMs: Math.round(clock.nowMs() - startMs) })
      return
    } catch (cause) {
      const remainingMs = startMs + options.timeoutMs - clock.nowMs()
      const delayMs = retryDelayMs(attempt, remainingMs, options.random())
      // What an attempt that we cut off fails with says nothing: the one before it does.
      reason = signal.aborted ? (reason ?? cause) : cause
      emit('probeFailed', { pool: pool.name, generation, attempt, cause })
      const failed = new ProbeError(pool.name, generation, attempt, { cause: reason })
      if (signal.aborted || delayMs >= remainingMs) throw failed
      // On a busy machine the time limit may ring before this does.
      await clock.sleep(delayMs, signal).catch(() => Promise.reject(failed))
    }
  }
}
