import { systemClock, type Clock } from './clock'
import { aBoolean, milliseconds, nonEmptyString, positiveNumber, type OptionRules } from './options'

/** What users can set on every leased pool, beside the options of the library itself. */
export interface LeasedPoolOptions {
  /** How events and messages name this pool. Default: the name of the database. */
  readonly name?: string
  /** A connection idle for longer than this is checked before it is lent, in ms. @default 500 */
  readonly pingBypassMs?: number
  /** How long that check may take, in ms; then the connection is closed and another one is used. @default 2_000 */
  readonly pingTimeoutMs?: number
  /**
   * A statement that a new user must be able to run before anybody depends on it, such as `SELECT 1 FROM orders LIMIT 1`: it finds a missing
   * right or a table that has not reached a replica yet. Default: that it can log in is enough.
   */
  readonly probeQuery?: string
  /**
   * The role that every connection acts as, by `SET ROLE` before it is lent first: what it makes belongs to that role, and the leased user
   * can be dropped. Default: the leased user itself.
   */
  readonly assumeRole?: string
  /** Remember where each connection was borrowed, for the events that say that it is held for too long. @default false */
  readonly captureStacks?: boolean
  /** A connection that is borrowed for longer is reported by the event `leakSuspected`, in ms. @default never */
  readonly leakWarnMs?: number
  /** So many idle connections of a replaced user are closed each second after a rotation. Default: as many as the pool may have. */
  readonly drainPerSecond?: number
  /** Time source, for tests. */
  readonly clock?: Clock
}

export const leasedPoolOptionRules: OptionRules<LeasedPoolOptions> = {
  name: { check: nonEmptyString },
  pingBypassMs: { check: milliseconds(0) },
  pingTimeoutMs: { check: milliseconds(1, 2 ** 31 - 1) },
  probeQuery: { check: nonEmptyString },
  assumeRole: { check: nonEmptyString },
  captureStacks: { check: aBoolean },
  leakWarnMs: { check: milliseconds(1) },
  drainPerSecond: { check: positiveNumber },
  clock: { check: (value) => (typeof value === 'object' && value !== null ? undefined : 'a Clock') },
}

/** The options of a leased pool with their defaults. */
export interface LeasedPoolSettings {
  readonly name: string
  readonly pingBypassMs: number
  readonly pingTimeoutMs: number
  readonly probeQuery: string | undefined
  readonly assumeRole: string | undefined
  readonly captureStacks: boolean
  readonly leakWarnMs: number | undefined
  readonly drainPerSecond: number | undefined
  readonly clock: Clock
}

/** `name`: for a pool that the app gave none. */
export function leasedPoolSettings(options: LeasedPoolOptions, name: string): LeasedPoolSettings {
  return {
    name: options.name ?? name,
    pingBypassMs: options.pingBypassMs ?? 500,
    pingTimeoutMs: options.pingTimeoutMs ?? 2_000,
    probeQuery: options.probeQuery,
    assumeRole: options.assumeRole,
    captureStacks: options.captureStacks ?? false,
    leakWarnMs: options.leakWarnMs,
    drainPerSecond: options.drainPerSecond,
    clock: options.clock ?? systemClock,
  }
}
