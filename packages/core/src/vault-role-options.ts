import { OptionError } from './errors'
import type { LeasedCredentialsOptions } from './leased-credentials-options'
import type { DynamicRoleOptions } from './sources/vault-dynamic-role'

/**
 * Throws `OptionError` for options that are right each by itself and cannot be meant together. A role whose max_ttl is shorter than what
 * was given is no such case: nobody said two things then, and the end of the lease comes first.
 */
export function checkTogether(where: string, options: Partial<DynamicRoleOptions> & LeasedCredentialsOptions): void {
  const { maxTtlMs } = options
  if (maxTtlMs === undefined) return
  for (const name of ['drainDeadlineMs', 'databaseClockAheadMs'] as const) {
    const ms = options[name]
    if (ms !== undefined && ms >= maxTtlMs)
      throw new OptionError(`${where}.${name}`, `less than maxTtlMs, which is ${maxTtlMs}`, String(ms))
  }
}
