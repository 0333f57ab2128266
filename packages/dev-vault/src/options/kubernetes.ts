import { checkOptions, nonEmptyString, type OptionCheck, type OptionRules } from '@leasepool/core'
import type { KubernetesConfig, KubernetesLogins, KubernetesRole } from '../auth/kubernetes'
import { publicKeyOf } from '../auth/signed-token'
import { NO_TOKEN_PARAMETERS } from '../auth/token-parameters'
import { checkEntries, record, strings, wholeNumber } from './checks'

/** A login role for service accounts. `*` stands for any text. */
export interface DevVaultKubernetesRole {
  readonly serviceAccountNames: readonly string[]
  readonly serviceAccountNamespaces: readonly string[]
  /** What tokens must be made out to. @default anything */
  readonly audience?: string
  /** Besides `default`. @default [] */
  readonly policies?: readonly string[]
  /** Whole seconds; 0 means 768 h. @default 0 */
  readonly tokenTtlSeconds?: number
  /** Whole seconds; 0 means 768 h. @default 0 */
  readonly tokenMaxTtlSeconds?: number
}

/** What stands for a cluster at `auth/kubernetes`. */
export interface DevVaultKubernetes {
  /** The public key of whoever signs the service account tokens, in PEM. */
  readonly publicKey: string
  /** Login roles by name. */
  readonly roles: Readonly<Record<string, DevVaultKubernetesRole>>
}

const publicKey: OptionCheck = (value) =>
  typeof value === 'string' && publicKeyOf(value) !== undefined ? undefined : 'a public key in PEM'

const RULES: OptionRules<DevVaultKubernetes> = {
  publicKey: { check: publicKey, required: true },
  roles: { check: record, required: true },
}

const ROLE_RULES: OptionRules<DevVaultKubernetesRole> = {
  serviceAccountNames: { check: strings, required: true },
  serviceAccountNamespaces: { check: strings, required: true },
  audience: { check: nonEmptyString },
  policies: { check: strings },
  tokenTtlSeconds: { check: wholeNumber },
  tokenMaxTtlSeconds: { check: wholeNumber },
}

/** Throws core's OptionError for the first option that is unknown, missing or wrong. */
export function checkKubernetes(where: string, options: unknown): void {
  checkOptions<DevVaultKubernetes>(where, options, RULES)
  checkEntries(`${where}.roles`, options.roles, ROLE_RULES)
}

/** Sets up the mount as the options say. */
export function configureKubernetes(logins: KubernetesLogins, { publicKey: pem, roles }: DevVaultKubernetes): void {
  logins.config = configOf(pem)
  for (const [name, role] of Object.entries(roles)) logins.roles.set(name.toLowerCase(), roleOf(role))
}

function configOf(pem: string): KubernetesConfig {
  const key = publicKeyOf(pem)
  return {
    host: 'https://kubernetes.default.svc',
    caCert: '',
    pemKeys: [pem.trim()],
    keys: key === undefined ? [] : [key],
    issuer: '',
    skipsIssuer: true,
    skipsLocalCa: true,
    hasReviewerToken: false,
    usesAnnotations: false,
  }
}

function roleOf(role: DevVaultKubernetesRole): KubernetesRole {
  const { policies = [], tokenTtlSeconds = 0, tokenMaxTtlSeconds = 0 } = role
  return {
    names: role.serviceAccountNames,
    namespaces: role.serviceAccountNamespaces,
    namespaceSelector: '',
    audience: role.audience ?? '',
    aliasNameSource: 'serviceaccount_uid',
    parameters: { ...NO_TOKEN_PARAMETERS, policies, ttlSeconds: tokenTtlSeconds, maxTtlSeconds: tokenMaxTtlSeconds },
  }
}
