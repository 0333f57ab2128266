import { isRefusal, VaultUnavailableError } from './errors'
import { REFUSED_ATTEMPT, retryDelayMs } from './schedule'

/** What asks for a longer wait than this is not taken at its word, in ms. */
const LONGEST_ASKED_MS = 60_000
/** Up to this share is added by jitter: everybody who was turned away was told the same. */
const ASKED_JITTER_SHARE = 0.25

/**
 * How long to wait after attempt number `attempt` has failed: as {@link retryDelayMs} has it, as rarely as it gets after a refusal, and no
 * less than Vault asks for (`Retry-After`) as long as several more attempts fit into what remains.
 */
export function retryInMs(cause: unknown, attempt: number, remainingMs: number, jitter: number): number {
  const plannedMs = retryDelayMs(isRefusal(cause) ? REFUSED_ATTEMPT : attempt, remainingMs, jitter)
  const askedMs = cause instanceof VaultUnavailableError ? (cause.retryAfterMs ?? 0) : 0
  const fittingMs = remainingMs > 0 ? Math.min(LONGEST_ASKED_MS, remainingMs / 3) : plannedMs
  return Math.max(plannedMs, Math.min(askedMs * (1 + ASKED_JITTER_SHARE * jitter), fittingMs))
}
