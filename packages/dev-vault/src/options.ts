import { checkOptions, nonEmptyString, objectWith, type Clock, OptionError, type OptionRules } from '@leasepool/core'
import { checkEntries, record } from './options/checks'
import { DATABASE_RULES, type DevVaultDatabase, type DevVaultRole, ROLE_RULES } from './options/databases'
import { APP_ROLE_RULES, type DevVaultAppRole } from './options/logins'
import { checkKubernetes, type DevVaultKubernetes } from './options/kubernetes'
import { policy } from './options/policies'
import { aBoolean, checkTls, mountPath, nodeCount, tcpPort, tls } from './options/server'
import type { PolicyRules } from './policies/policy'
import type { DevVaultTls } from './http/tls'

/** What a {@link startDevVault} serves. */
export interface DevVaultOptions {
  /** Connections by name. */
  readonly databases: Readonly<Record<string, DevVaultDatabase>>
  /** Dynamic roles by name. */
  readonly roles: Readonly<Record<string, DevVaultRole>>
  /** Login roles by name, at `auth/approle`. @default none: the method is not there until it is enabled over the API */
  readonly appRoles?: Readonly<Record<string, DevVaultAppRole>>
  /** Logins of pods at `auth/kubernetes`, without a cluster. @default none */
  readonly kubernetes?: DevVaultKubernetes
  /** Policies by name, as HCL text or as rules. `default` replaces Vault's default policy. @default {} */
  readonly policies?: Readonly<Record<string, string | PolicyRules>>
  /**
   * Whether the users that killed dev-vaults left are dropped when a database server is first connected to, by options or over the API.
   * They are known by their names; those of living dev-vaults, and everybody else's, are left alone. @default true
   */
  readonly cleanUp?: boolean
  /** Path of the database engine. @default 'database' */
  readonly mount?: string
  /** @default a random one */
  readonly rootToken?: string
  /** Of the first node. @default a random free one below 32768 */
  readonly port?: number
  /**
   * Serves https: with a certificate of its own for 127.0.0.1 and localhost, whose authority the handle shows, or with yours.
   * @default false
   */
  readonly tls?: boolean | DevVaultTls
  /** How many servers share the state, each at an own port; one of them is active. @default 1 */
  readonly nodes?: number
  /** Whether standbys hand requests on to the active node; else they answer 307 with its address. @default true */
  readonly forwarding?: boolean
  /** What all leases, tokens and retries go by. Its `dateMs` should start near the database server's time. @default real time */
  readonly clock?: Clock
}

const RULES: OptionRules<DevVaultOptions> = {
  databases: { check: record, required: true },
  roles: { check: record, required: true },
  appRoles: { check: record },
  kubernetes: { check: record },
  policies: { check: record },
  cleanUp: { check: aBoolean },
  mount: { check: mountPath },
  rootToken: { check: nonEmptyString },
  port: { check: tcpPort },
  tls: { check: tls },
  nodes: { check: nodeCount },
  forwarding: { check: aBoolean },
  clock: { check: objectWith('nowMs', 'dateMs', 'sleep') },
}

/** Throws core's OptionError for the first option that is unknown, missing or wrong; secrets are not repeated in it. */
export function checkDevVaultOptions(options: unknown): asserts options is DevVaultOptions {
  const where = 'startDevVault'
  checkOptions<DevVaultOptions>(where, options, RULES)
  checkEntries(`${where}.databases`, options.databases, DATABASE_RULES)
  checkEntries(`${where}.roles`, options.roles, ROLE_RULES)
  checkEntries(`${where}.appRoles`, options.appRoles ?? {}, APP_ROLE_RULES)
  if (options.kubernetes !== undefined) checkKubernetes(`${where}.kubernetes`, options.kubernetes)
  if (typeof options.tls === 'object') checkTls(`${where}.tls`, options.tls)
  for (const [name, value] of Object.entries(options.policies ?? {})) {
    const expected = policy(value)
    if (expected !== undefined) throw new OptionError(`${where}.policies.${name}`, expected, typeof value)
  }
  for (const [name, role] of Object.entries(options.roles)) {
    if (Object.hasOwn(options.databases, role.database)) continue
    throw new OptionError(`${where}.roles.${name}.database`, 'a name out of databases', `"${role.database}"`)
  }
}
