import { keepingAlive } from './clock'
import { ClosedError } from './errors'
import { LeasedCredentials } from './leased-credentials'
import { leasedCredentialsOptionRules, type LeasedCredentialsOptions } from './leased-credentials-options'
import { checkOptions, pick, type OptionRules } from './options'
import type { CredentialSource } from './source'
import { dynamicRoleRules, VaultDynamicRole, type DynamicRoleOptions } from './sources/vault-dynamic-role'
import { staticRoleRules, VaultStaticRole, type StaticRoleOptions } from './sources/vault-static-role'
import { TimeLimit } from './time-limit'
import { checkTogether } from './vault-role-options'
import { connect, vaultConnectionRules, type VaultConnectionOptions } from './vault/options'

/** Everything that {@link Vault.credentials} takes. */
export interface VaultRoleCredentialsOptions extends DynamicRoleOptions, LeasedCredentialsOptions {}

/** Everything that {@link Vault.staticCredentials} takes. */
export interface VaultStaticRoleCredentialsOptions extends StaticRoleOptions, LeasedCredentialsOptions {}

/** One way to Vault and one login, for as many roles, databases and pools as an app has. */
export interface Vault {
  /** As `vaultCredentials`, with the token of this client. The handle may be closed before or after the others. */
  credentials(options: VaultRoleCredentialsOptions): Promise<LeasedCredentials>
  /** As `vaultStaticCredentials`, with the token of this client. */
  staticCredentials(options: VaultStaticRoleCredentialsOptions): Promise<LeasedCredentials>
  /** A source of database users of a dynamic role, for `LeasedCredentials.start` and `fallback`. Throws `OptionError`. */
  dynamicRole(options: DynamicRoleOptions): CredentialSource
  /** The same for the user of a static role. Throws `OptionError`. */
  staticRole(options: StaticRoleOptions): CredentialSource
  /** Closes every handle that `credentials` and `staticCredentials` gave, then revokes the Vault token if it was ours. Never rejects. */
  close(): Promise<void>
}

const credentialsRules: OptionRules<VaultRoleCredentialsOptions> = { ...dynamicRoleRules, ...leasedCredentialsOptionRules }
const staticCredentialsRules: OptionRules<VaultStaticRoleCredentialsOptions> = {
  ...staticRoleRules,
  ...leasedCredentialsOptionRules,
}

/** How long revoking the token may take in `close()`, in ms. */
const CLOSE_TIMEOUT_MS = 5_000

/**
 * Describes how to reach Vault and log in, once, for several roles. Nothing is asked of Vault before the first credentials are; the token
 * is kept until `close()`. Throws `OptionError`.
 */
export function vaultClient(options: VaultConnectionOptions = {}): Vault {
  checkOptions('vaultClient', options, vaultConnectionRules)
  const connection = connect('vaultClient', options)
  const { clock, random } = options
  const common = { ...(clock && { clock }), ...(random && { random }) }
  const release = connection.session.hold()
  const handles = new Set<LeasedCredentials>()
  let closing: Promise<void> | undefined

  const close = async (): Promise<void> => {
    await Promise.all([...handles].map((handle) => handle.close()))
    const limit = new TimeLimit(connection.clock, CLOSE_TIMEOUT_MS)
    await Promise.race([release(limit.signal).catch(() => undefined), limit.passed])
    limit.clear()
  }
  const start = async (source: CredentialSource, settings: LeasedCredentialsOptions): Promise<LeasedCredentials> => {
    const handle = await LeasedCredentials.start(source, { ...common, ...pick(settings, leasedCredentialsOptionRules) })
    if (closing !== undefined) {
      await handle.close()
      throw new ClosedError('The Vault client')
    }
    handles.add(handle)
    handle.once('closed', () => handles.delete(handle))
    return handle
  }
  return {
    async credentials(settings) {
      if (closing !== undefined) throw new ClosedError('The Vault client')
      checkOptions('credentials', settings, credentialsRules)
      checkTogether('credentials', settings)
      return start(new VaultDynamicRole({ ...settings, ...connection }), settings)
    },
    async staticCredentials(settings) {
      if (closing !== undefined) throw new ClosedError('The Vault client')
      checkOptions('staticCredentials', settings, staticCredentialsRules)
      return start(new VaultStaticRole({ ...settings, ...connection }), settings)
    },
    dynamicRole(settings) {
      checkOptions('dynamicRole', settings, dynamicRoleRules)
      return new VaultDynamicRole({ ...settings, ...connection })
    },
    staticRole(settings) {
      checkOptions('staticRole', settings, staticRoleRules)
      return new VaultStaticRole({ ...settings, ...connection })
    },
    close: () => (closing ??= keepingAlive(close())),
  }
}
