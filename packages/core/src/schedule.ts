import type { Lease } from './lease'

/**
 * When things happen: pure functions of facts and time. Instants are of one monotonic clock in ms; `jitter` is a number
 * in [0, 1) that the caller draws once per decision, so that a thousand instances started together drift apart.
 */

/** Share of its time after which a lease (or a token) is renewed, before jitter. */
const RENEW_FRACTION = 2 / 3
/** A lease that nothing can extend is replaced at this share of its life. */
const REPLACE_FRACTION = 2 / 3
/** What an outage of Vault may take without a credential's end coming into sight, in ms. */
const OUTAGE_MS = 60_000
/** How much earlier than planned jitter may put a renewal or rotation, as a share of the plan. */
const JITTER_SHARE = 0.1
/** No two attempts at the same thing come closer together than this, whatever the durations say. */
export const SHORTEST_RETRY_MS = 100
/** Refusals are not retried like time-outs: as rarely as the backoff allows. */
export const REFUSED_ATTEMPT = 8
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 30_000
/** The same when there is nothing left to serve with, so that it is over soon after what it waits for is back. */
const LONGEST_RETRY_ENDED_MS = 10_000

/** Facts of something that ends and may be renewed. */
export type Term = Pick<Lease, 'renewedAtMs' | 'endsAtMs'>

/** When to renew: at about two thirds of what the last answer gave, up to 10 % earlier, never after the end. */
export function renewAtMs(term: Term, jitter: number): number {
  const lifeMs = Math.max(0, term.endsAtMs - term.renewedAtMs)
  return term.renewedAtMs + lifeMs * RENEW_FRACTION * (1 - JITTER_SHARE * jitter)
}

export interface RotatePolicy {
  /** Share of the role's max_ttl after which a new credential is taken, in (0, 1). */
  readonly rotateFraction: number
  /** The role's max_ttl where it is known (given, or learned from a truncated renewal), in ms. */
  readonly maxTtlMs: number | undefined
  /** How long the connections of the credential that is replaced may take, in ms. */
  readonly drainDeadlineMs: number
}

/** Why a rotation is due at {@link rotateAtMs}. */
export type RotateCause = 'max-ttl' | 'not-renewable'

/**
 * When to take a new credential, and why; `undefined` while nothing limits the lease that can be seen.
 * A lease with a known ceiling is replaced at `rotateFraction` of it, at the latest when a renewal was truncated, and always with time to
 * drain and an outage's worth (half of its life, where that is less) left; one that cannot be renewed at two thirds of its life. Never after the lease's end. It may lie in the past: then it is due now.
 */
export function rotateAtMs(lease: Lease, policy: RotatePolicy, jitter: number): { atMs: number; cause: RotateCause } | undefined {
  const early = 1 - JITTER_SHARE * jitter
  if (!lease.renewable && !lease.truncated) {
    return { atMs: lease.issuedAtMs + (lease.endsAtMs - lease.issuedAtMs) * REPLACE_FRACTION * early, cause: 'not-renewable' }
  }
  const ceilingMs = ceilingOf(lease, policy.maxTtlMs)
  if (ceilingMs === undefined) return undefined
  const lifeMs = ceilingMs - lease.issuedAtMs
  const latestMs = lifeMs - Math.min(lifeMs / 2, policy.drainDeadlineMs + OUTAGE_MS)
  const planMs = lease.issuedAtMs + Math.min(lifeMs * policy.rotateFraction, latestMs) * early
  const cutShort = lease.truncated && lease.renewedAtMs > lease.issuedAtMs
  return { atMs: cutShort ? Math.min(planMs, lease.renewedAtMs) : planMs, cause: 'max-ttl' }
}

/** The instant that no renewal can get past, where it is known. */
export function ceilingOf(lease: Lease, maxTtlMs: number | undefined): number | undefined {
  const givenMs = maxTtlMs === undefined ? Infinity : lease.issuedAtMs + maxTtlMs
  const seenMs = lease.truncated ? lease.endsAtMs : Infinity
  const ceilingMs = Math.min(givenMs, seenMs)
  return Number.isFinite(ceilingMs) ? ceilingMs : undefined
}

/**
 * How long to wait before attempt number `attempt + 1`: capped exponential backoff with full jitter, and no longer than a third of
 * what remains, so that further attempts fit in before the end. Never below {@link SHORTEST_RETRY_MS}.
 */
export function retryDelayMs(attempt: number, remainingMs: number, jitter: number): number {
  const cappedMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 20))
  const fittingMs = Math.min(cappedMs, remainingMs > 0 ? remainingMs / 3 : LONGEST_RETRY_ENDED_MS)
  return Math.max(SHORTEST_RETRY_MS, fittingMs * (0.5 + 0.5 * jitter))
}

/** How long before a credential's end its last connections must be gone: a tenth of the lease, between 250 ms and 5 s. */
export function endMarginMs(term: Term): number {
  return Math.min(5_000, Math.max(250, (term.endsAtMs - term.renewedAtMs) * 0.1))
}

/** When borrowed connections of a retired credential are closed by force: `capMs` after its retirement, always before its end. */
export function drainDeadlineMs(retiredAtMs: number, capMs: number, term: Term | undefined, limitMs: number | undefined): number {
  const capEndMs = retiredAtMs + capMs
  if (term === undefined) return capEndMs
  const endMs = Math.min(term.endsAtMs, limitMs ?? Infinity)
  return Math.min(capEndMs, endMs - endMarginMs(term))
}
