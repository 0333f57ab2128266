import type { Clock } from './clock'
import { mayPass, StartTimeoutError } from './errors'
import { retryInMs } from './retry'
import type { CredentialSource, SourceHost } from './source'
import { TimeLimit } from './time-limit'

/** How long a source that refused may take to give back what it holds, in ms. */
const CLOSE_TIMEOUT_MS = 5_000

interface Start {
  source: CredentialSource
  host: SourceHost
  clock: Clock
  random: () => number
  timeoutMs: number
  issue(signal: AbortSignal): Promise<void>
  /** Gives back what was issued all the same, though nobody waited for it. */
  giveBack(): Promise<void>
}

/**
 * Opens a source and gets the first credential from it, trying again with backoff while Vault is away.
 * Rejects at once when it refuses, and with {@link StartTimeoutError} after `timeoutMs`; the source is closed then.
 */
export async function openSource(start: Start): Promise<void> {
  const { source, clock, timeoutMs } = start
  const startMs = clock.nowMs()
  const limit = new TimeLimit(clock, timeoutMs, `No answer within ${timeoutMs} ms`)
  let opened = source.open === undefined
  let before: unknown
  for (let attempt = 1; ; attempt++) {
    try {
      if (!opened) await source.open?.(start.host, limit.signal)
      opened = true
      await start.issue(limit.signal)
      return limit.clear()
    } catch (cause) {
      const waitedMs = clock.nowMs() - startMs
      const delayMs = retryInMs(cause, attempt, timeoutMs - waitedMs, start.random())
      const timedOut = limit.hasPassed || delayMs >= timeoutMs - waitedMs
      if (!timedOut && mayPass(cause)) {
        before = cause
        await clock.sleep(delayMs)
        continue
      }
      limit.clear()
      const closed = closeAfterFailure(start)
      if (!timedOut) await closed
      if (!mayPass(cause)) throw cause
      // What an attempt that the limit cut off fails with says nothing: the one before it does.
      const last = limit.hasPassed ? (before ?? cause) : cause
      throw new StartTimeoutError(source.description, attempt, waitedMs, { cause: last })
    }
  }
}

/**
 * Gives back what the source holds, such as the token of a login whose role is unknown. Best effort: the first failure is what
 * matters.
 */
async function closeAfterFailure({ source, clock, giveBack }: Start): Promise<void> {
  const limit = new TimeLimit(clock, CLOSE_TIMEOUT_MS)
  await Promise.race([giveBack(), limit.passed])
  await Promise.race([source.close?.(limit.signal).catch(() => undefined), limit.passed])
  limit.clear()
}
