/** After this many failures in a row a lease is irrevocable: kept, shown, and tried again once a day. */
export const MAX_REVOCATION_ATTEMPTS = 6

const DAY_MS = 86_400_000

/**
 * How long to wait after failure number `failures` (from 1) of a background revocation, in ms: 10 s × 2^failures, spread by
 * `random` (0 to 1) over half to one and a half of that; a day once the lease is irrevocable.
 */
export function revocationDelayMs(failures: number, random: number): number {
  return failures >= MAX_REVOCATION_ATTEMPTS ? DAY_MS : 10_000 * 2 ** failures * (0.5 + random)
}
