import { nonEmptyString, type OptionRules } from '@leasepool/core'
import type { AppRole } from '../auth/app-role'
import { NO_TOKEN_PARAMETERS } from '../auth/token-parameters'
import { strings, wholeNumber } from './checks'

/** An AppRole at `auth/approle`. */
export interface DevVaultAppRole {
  /** Besides `default`. @default [] */
  readonly policies?: readonly string[]
  /** Whole seconds; 0 means 768 h. @default 0 */
  readonly tokenTtlSeconds?: number
  /** Whole seconds; 0 means 768 h. @default 0 */
  readonly tokenMaxTtlSeconds?: number
  /** Whole seconds; above 0 makes periodic tokens, which have no maximum. @default 0 */
  readonly tokenPeriodSeconds?: number
  /** @default a random one */
  readonly roleId?: string
  /** Logins per secret id; 0 means unlimited. @default 0 */
  readonly secretIdNumUses?: number
}

/** The rules of {@link DevVaultAppRole}. */
export const APP_ROLE_RULES: OptionRules<DevVaultAppRole> = {
  policies: { check: strings },
  tokenTtlSeconds: { check: wholeNumber },
  tokenMaxTtlSeconds: { check: wholeNumber },
  tokenPeriodSeconds: { check: wholeNumber },
  roleId: { check: nonEmptyString },
  secretIdNumUses: { check: wholeNumber },
}

/** The role as it is stored. */
export function appRoleOf(options: DevVaultAppRole): Partial<AppRole> {
  const { policies = [], tokenTtlSeconds = 0, tokenMaxTtlSeconds = 0, tokenPeriodSeconds = 0, ...own } = options
  const lifetimes = { ttlSeconds: tokenTtlSeconds, maxTtlSeconds: tokenMaxTtlSeconds, periodSeconds: tokenPeriodSeconds }
  return { ...own, parameters: { ...NO_TOKEN_PARAMETERS, ...lifetimes, policies } }
}
