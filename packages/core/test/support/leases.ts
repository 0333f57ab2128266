import type { Lease } from '../../src/lease'

/** A renewable lease of one hour, issued at `issuedAtMs`. */
export function leaseOf(facts: Partial<Lease> & { issuedAtMs: number }): Lease {
  const { issuedAtMs, renewedAtMs = issuedAtMs, ttlMs = 3_600_000 } = facts
  return { id: 'lease-1', renewedAtMs, ttlMs, endsAtMs: renewedAtMs + ttlMs, renewable: true, truncated: false, ...facts }
}
