import { endMarginMs } from '../../schedule'

/** When a lesser source may take over: pure functions. Instants are of one monotonic clock in ms. */

/** A lease is left at this share of its time before its end, where that is less than `beforeEndMs`: after the renewal is due. */
const SHARE_BEFORE_END = 0.25
/** How long better sources may take to answer when a lesser one is to take over otherwise, in ms. */
const SHORTEST_PATIENCE_MS = 250
export const DEAD_PATIENCE_MS = 3_000
const LONGEST_PATIENCE_MS = 10_000

/** What is known of the credential in use. */
export interface InUse {
  /** The database refuses it, or its lease is gone. */
  readonly isDead: boolean
  /** When it ends; `undefined` when nothing ends it that can be seen. */
  readonly endsAtMs: number | undefined
  /** How long its lease was extended to last. */
  readonly termMs: number
}

/** From when on a lesser source is better than the credential in use; `undefined`: never, as far as can be seen. */
export function leaveAtMs({ isDead, endsAtMs, termMs }: InUse, beforeEndMs: number): number | undefined {
  if (isDead) return -Infinity
  return endsAtMs === undefined ? undefined : endsAtMs - Math.min(beforeEndMs, termMs * SHARE_BEFORE_END)
}

/** Whether a lesser source may take over now that the better ones have failed. */
export function mayLeave(inUse: InUse, beforeEndMs: number, nowMs: number): boolean {
  return nowMs >= (leaveAtMs(inUse, beforeEndMs) ?? Infinity)
}

/**
 * How long a better source may take to answer, so that a lesser one can take over in time, in ms; `undefined` when none is to. Half of what
 * is left until connections are closed by force: the other half is for the lesser one to be tried, and for queries to end.
 */
export function patienceMs(inUse: InUse, beforeEndMs: number, nowMs: number): number | undefined {
  if (!mayLeave(inUse, beforeEndMs, nowMs)) return undefined
  if (inUse.isDead || inUse.endsAtMs === undefined) return DEAD_PATIENCE_MS
  const { endsAtMs, termMs } = inUse
  const leftMs = endsAtMs - endMarginMs({ renewedAtMs: endsAtMs - termMs, endsAtMs }) - nowMs
  return Math.min(LONGEST_PATIENCE_MS, Math.max(SHORTEST_PATIENCE_MS, leftMs / 2))
}
