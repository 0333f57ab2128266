import { setTimeout as sleep } from 'node:timers/promises'
import { poll } from '../support/poll'
import type { Work } from '../support/work'

/** Seconds for each case: short in `npm test`, 30 in `npm run test:soak`. */
export const SECONDS = Number(process.env['LEASEPOOL_SOAK_SECONDS'] ?? 3)
export const CALLERS = 32
export const ROTATE_EVERY_MS = 50

/** What the callers of a soak saw. */
export interface Seen {
  done: number
  readonly failures: string[]
  longestWaitMs: number
  mostTurns: number
}

/** So many callers at work at the same time, one piece after the other. */
export async function callers(work: readonly Work[]): Promise<Seen> {
  const endMs = performance.now() + SECONDS * 1_000
  const seen: Seen = { done: 0, failures: [], longestWaitMs: 0, mostTurns: 0 }
  const caller = async (_: unknown, number: number): Promise<void> => {
    for (let turn = number; performance.now() < endMs && seen.failures.length < 10; turn++) {
      try {
        const { waitedMs, turns } = await work[turn % work.length]!()
        seen.done += 1
        seen.longestWaitMs = Math.max(seen.longestWaitMs, waitedMs)
        seen.mostTurns = Math.max(seen.mostTurns, turns)
      } catch (error) {
        seen.failures.push(error instanceof Error ? `${(error as { code?: string }).code}: ${error.message}` : String(error))
      }
    }
  }
  // A stranded waiter never settles: its caller is seen here, not as a test that hangs.
  const all = Promise.all(Array.from({ length: CALLERS }, caller)).then(() => 'all came back')
  let state = 'some never came back'
  void all.then((value) => (state = value))
  await poll(
    'every caller comes back',
    () => state,
    (now) => now === 'all came back',
    SECONDS * 1_000 + 20_000,
  )
  return seen
}

/** As fast as it can, and not faster than every {@link ROTATE_EVERY_MS}. */
export async function rotate(once: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await Promise.all([once(), sleep(ROTATE_EVERY_MS)])
}

/** The most sessions that the database ever says there are. */
export async function watchPeak(sessions: () => Promise<number>, signal: AbortSignal): Promise<number> {
  let peak = 0
  while (!signal.aborted) {
    peak = Math.max(peak, await sessions())
    await sleep(10)
  }
  return peak
}
