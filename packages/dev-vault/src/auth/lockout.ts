import { parseSeconds } from '../durations'
import { VaultError } from '../http/respond'
import type { Time } from '../time'

/** When a mount locks a user out: `user_lockout_config` of its tuning. */
export interface LockoutSettings {
  readonly isDisabled: boolean
  readonly threshold: number
  readonly durationSeconds: number
  readonly resetSeconds: number
}

/** Vault's own: five failures, a quarter of an hour. */
export const DEFAULT_LOCKOUT: LockoutSettings = { isDisabled: false, threshold: 5, durationSeconds: 900, resetSeconds: 900 }

/** The settings with those of a tuning. Throws what Vault answers for values that are none. */
export function readLockout(config: unknown, before: LockoutSettings): LockoutSettings {
  if (typeof config !== 'object' || config === null) return before
  const { lockout_disable, lockout_threshold, lockout_duration, lockout_counter_reset } = config as Record<string, unknown>
  return {
    isDisabled: lockout_disable === undefined ? before.isDisabled : lockout_disable === true || lockout_disable === 'true',
    threshold: wholeNumber(lockout_threshold) ?? before.threshold,
    durationSeconds: seconds(lockout_duration) ?? before.durationSeconds,
    resetSeconds: seconds(lockout_counter_reset) ?? before.resetSeconds,
  }
}

/** Numbers and texts as they are; anything else is as wrong as an empty text. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : ''
}

function wholeNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (/^\d+$/.test(textOf(value))) return Number(value)
  throw new Error(`unable to parse user lockout threshold: strconv.ParseUint: parsing "${textOf(value)}": invalid syntax`)
}

function seconds(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const parsed = parseSeconds(value)
  if (parsed === undefined || parsed < 0) throw new VaultError(400, `time: invalid duration "${textOf(value)}"`)
  return parsed
}

/** Counts failed logins by alias and locks out who fails too often. */
export class Lockout {
  readonly #time: Time
  readonly #settings: () => LockoutSettings
  readonly #failures = new Map<string, { count: number; lastMs: number }>()

  constructor(time: Time, settings: () => LockoutSettings) {
    this.#time = time
    this.#settings = settings
  }

  get isDisabled(): boolean {
    return this.#settings().isDisabled
  }

  /** Throws 403 while the alias is locked out, also for right credentials. */
  check(alias: string): void {
    const { isDisabled, threshold, durationSeconds } = this.#settings()
    const failures = this.#failures.get(alias)
    if (isDisabled || failures === undefined || failures.count < threshold) return
    if (this.#time.nowMs() - failures.lastMs < durationSeconds * 1000) throw new VaultError(403, 'permission denied')
    this.#failures.delete(alias)
  }

  failed(alias: string): void {
    const nowMs = this.#time.nowMs()
    const before = this.#failures.get(alias)
    const isFresh = before !== undefined && nowMs - before.lastMs < this.#settings().resetSeconds * 1000
    this.#failures.set(alias, { count: isFresh ? before.count + 1 : 1, lastMs: nowMs })
  }

  succeeded(alias: string): void {
    this.#failures.delete(alias)
  }
}
