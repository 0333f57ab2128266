import type { Clock } from './clock'
import { aFunction, fraction, milliseconds, objectWith, wholeNumber, type OptionRules } from './options'

/** What can be set whatever the source. */
export interface LeasedCredentialsOptions {
  /** Share of the role's max_ttl after which a new credential is taken, where max_ttl is known. @default 0.5 */
  readonly rotateFraction?: number
  /**
   * How long a retired credential may keep borrowed connections before they are closed by force, in ms. The end of the old lease,
   * which is renewed as long as Vault allows, always comes first. @default 600_000
   */
  readonly drainDeadlineMs?: number
  /**
   * How far the clock of the database may run ahead of Vault's, beyond the 5 s that Vault allows for, in ms. PostgreSQL refuses a login
   * after `VALID UNTIL` by its own clock; so much is taken off the end of every lease. @default 0
   */
  readonly databaseClockAheadMs?: number
  /** How long a new credential may take until it can log in everywhere, in ms. @default 5_000 */
  readonly probeTimeoutMs?: number
  /** How long to try for the first credential before giving up, in ms. @default 30_000 */
  readonly startTimeoutMs?: number
  /**
   * After so many refused logins within a minute, nobody tries to log in any more until there is a new credential, or a minute is over:
   * databases lock users and hosts out that go on. @default 30
   */
  readonly refusedLoginsPerMinute?: number
  /** How long `close()` waits for borrowed connections before it closes them by force, in ms. @default 10_000 */
  readonly closeTimeoutMs?: number
  /** Time source, for tests. */
  readonly clock?: Clock
  /** Random source in [0, 1), for tests. */
  readonly random?: () => number
}

export const leasedCredentialsOptionRules: OptionRules<LeasedCredentialsOptions> = {
  rotateFraction: { check: fraction },
  drainDeadlineMs: { check: milliseconds(0) },
  databaseClockAheadMs: { check: milliseconds(0) },
  probeTimeoutMs: { check: milliseconds(1) },
  startTimeoutMs: { check: milliseconds(1) },
  refusedLoginsPerMinute: { check: wholeNumber(1) },
  closeTimeoutMs: { check: milliseconds(0) },
  clock: { check: objectWith('nowMs', 'dateMs', 'sleep') },
  random: { check: aFunction },
}
