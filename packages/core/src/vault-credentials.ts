import { LeasedCredentials } from './leased-credentials'
import { leasedCredentialsOptionRules, type LeasedCredentialsOptions } from './leased-credentials-options'
import { checkOptions, pick, type OptionRules } from './options'
import { dynamicRoleRules, VaultDynamicRole, type DynamicRoleOptions } from './sources/vault-dynamic-role'
import { staticRoleRules, VaultStaticRole, type StaticRoleOptions } from './sources/vault-static-role'
import { checkTogether } from './vault-role-options'
import { connect, vaultConnectionRules, type VaultConnectionOptions } from './vault/options'

export interface VaultCredentialsOptions extends VaultConnectionOptions, DynamicRoleOptions, LeasedCredentialsOptions {}

const rules: OptionRules<VaultCredentialsOptions> = {
  ...vaultConnectionRules,
  ...dynamicRoleRules,
  ...leasedCredentialsOptionRules,
}

/**
 * Logs in to Vault, gets a database user of a dynamic role, and keeps it alive and replaced from then on. For several roles or
 * databases on one Vault token take `vaultClient`.
 *
 * Rejects with `OptionError` for options that cannot be right; with `VaultRefusedError` when Vault says no (wrong secret_id, no
 * permission, unknown role); with `StartTimeoutError` when it cannot be reached for `startTimeoutMs`.
 */
export async function vaultCredentials(options: VaultCredentialsOptions): Promise<LeasedCredentials> {
  checkOptions('vaultCredentials', options, rules)
  checkTogether('vaultCredentials', options)
  const source = new VaultDynamicRole({ ...options, ...connect('vaultCredentials', options) })
  return LeasedCredentials.start(source, pick(options, leasedCredentialsOptionRules))
}

export interface VaultStaticCredentialsOptions extends VaultConnectionOptions, StaticRoleOptions, LeasedCredentialsOptions {}

const staticRules: OptionRules<VaultStaticCredentialsOptions> = {
  ...vaultConnectionRules,
  ...staticRoleRules,
  ...leasedCredentialsOptionRules,
}

/**
 * The same for a static role: a database user that stays, whose password Vault changes. Connections that are open are kept then, unless
 * `replaceConnections` is set. Rejects as `vaultCredentials` does.
 */
export async function vaultStaticCredentials(options: VaultStaticCredentialsOptions): Promise<LeasedCredentials> {
  checkOptions('vaultStaticCredentials', options, staticRules)
  const source = new VaultStaticRole({ ...options, ...connect('vaultStaticCredentials', options) })
  return LeasedCredentials.start(source, pick(options, leasedCredentialsOptionRules))
}
