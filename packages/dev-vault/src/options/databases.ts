import { nonEmptyString, type OptionCheck, type OptionRules } from '@leasepool/core'
import { strings, wholeNumber } from './checks'

/** A PostgreSQL, MySQL or MariaDB server on which users are made. */
export interface DevVaultDatabase {
  /**
   * `postgres://admin:password@host:port/database` or `mysql://admin:password@host:port/database`; the admin must be allowed to run the
   * roles' statements.
   */
  readonly url: string
  /** Roles that may use it, with `*` for any text. @default ['*'] */
  readonly allowedRoles?: readonly string[]
}

/** A dynamic database role. `{{name}}`, `{{password}}` and `{{expiration}}` in statements are replaced without quoting. */
export interface DevVaultRole {
  /** A name out of `databases`. */
  readonly database: string
  /** Run in one transaction, each element split at `;` as Vault does. */
  readonly creationStatements: readonly string[]
  /** @default Vault's own: revoke the grants it can find, then drop the user */
  readonly revocationStatements?: readonly string[]
  /** @default ALTER ROLE … VALID UNTIL; nothing for MySQL, ever */
  readonly renewStatements?: readonly string[]
  /** Whole seconds; 0 means the mount's 768 h. @default 0 */
  readonly defaultTtlSeconds?: number
  /** Whole seconds, counted from the issue; 0 means the mount's 768 h. @default 0 */
  readonly maxTtlSeconds?: number
}

const databaseUrl: OptionCheck = (value) =>
  typeof value === 'string' && URL.canParse(value) && /^(postgres(ql)?|mysql):$/.test(new URL(value).protocol)
    ? undefined
    : 'a URL such as "postgres://admin:password@127.0.0.1:5432/app" or "mysql://admin:password@127.0.0.1:3306/app"'

/** The rules of {@link DevVaultDatabase}. */
export const DATABASE_RULES: OptionRules<DevVaultDatabase> = {
  url: { check: databaseUrl, required: true },
  allowedRoles: { check: strings },
}

/** The rules of {@link DevVaultRole}. */
export const ROLE_RULES: OptionRules<DevVaultRole> = {
  database: { check: nonEmptyString, required: true },
  creationStatements: { check: strings, required: true },
  revocationStatements: { check: strings },
  renewStatements: { check: strings },
  defaultTtlSeconds: { check: wholeNumber },
  maxTtlSeconds: { check: wholeNumber },
}
