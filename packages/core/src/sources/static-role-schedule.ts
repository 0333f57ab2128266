/**
 * When to look at a static role again: pure functions. Vault sets a new password up to about 5 s after `ttl` has passed, and later where
 * the database fails; until then it answers the old one, on some versions with a `ttl` that has begun anew.
 */

/** Time that Vault gets after `ttl` before the first look, in ms; up to so much more by jitter. */
const MARGIN_MS = 500
const MARGIN_JITTER_MS = 1_500
/** A password that somebody rotated by hand is noticed after so long at the latest, in ms. */
const LONGEST_MS = 600_000
const FIRST_OVERDUE_MS = 500
const LONGEST_OVERDUE_MS = 30_000
/** After so many looks that found the old password, a `ttl` that has begun anew is believed: somebody has changed the role. */
const MOST_OVERDUE = 7

/** What is known of a password that is waited for. */
export interface Waiting {
  /** When Vault should have set it. */
  readonly dueAtMs: number
  /** How many looks have found the old one since. */
  readonly overdue: number
}

/** A password was read that was not known before. */
export function waitingFor(nowMs: number, ttlMs: number): Waiting {
  return { dueAtMs: nowMs + ttlMs, overdue: 0 }
}

/** The old password was read once more, at `nowMs`, with this `ttl`. */
export function stillWaiting(before: Waiting, nowMs: number, ttlMs: number): Waiting {
  if (nowMs < before.dueAtMs) return waitingFor(nowMs, ttlMs)
  if (before.overdue >= MOST_OVERDUE && ttlMs > 0) return waitingFor(nowMs, ttlMs)
  return { dueAtMs: before.dueAtMs, overdue: before.overdue + 1 }
}

/** How long to wait for the next look, in ms. `jitter` is a number in [0, 1). */
export function nextLookMs({ dueAtMs, overdue }: Waiting, nowMs: number, jitter: number): number {
  if (overdue === 0) return Math.min(LONGEST_MS, Math.max(0, dueAtMs - nowMs) + MARGIN_MS + MARGIN_JITTER_MS * jitter)
  return Math.min(LONGEST_OVERDUE_MS, FIRST_OVERDUE_MS * 2 ** (Math.min(overdue, 10) - 1)) * (1 - 0.5 * jitter)
}
