import type { KeyObject } from 'node:crypto'
import { VaultError } from '../http/respond'
import { globMatches } from './glob'
import { type Claims, SignedTokenError, verifiedClaims } from './signed-token'
import type { TokenParameters } from './token-parameters'

/** `config` of a Kubernetes mount. */
export interface KubernetesConfig {
  readonly host: string
  readonly caCert: string
  readonly pemKeys: readonly string[]
  readonly keys: readonly KeyObject[]
  readonly issuer: string
  readonly skipsIssuer: boolean
  readonly skipsLocalCa: boolean
  readonly hasReviewerToken: boolean
  readonly usesAnnotations: boolean
}

/** A login role of a Kubernetes mount. */
export interface KubernetesRole {
  readonly names: readonly string[]
  readonly namespaces: readonly string[]
  readonly namespaceSelector: string
  readonly audience: string
  readonly aliasNameSource: 'serviceaccount_uid' | 'serviceaccount_name'
  readonly parameters: TokenParameters
}

/** Config and roles, by names in lower case, of one Kubernetes mount. */
export class KubernetesLogins {
  config: KubernetesConfig | undefined
  readonly roles = new Map<string, KubernetesRole>()
}

/** Whose token it is. */
export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly secretName: string
}

/**
 * The service account that a token proves. There is no cluster to ask for a review of the token: one of the keys must have signed it.
 * Throws 403 for tokens that are not taken, 500 for claims that are none.
 */
export async function serviceAccountOf(
  token: string,
  role: KubernetesRole,
  config: KubernetesConfig,
  nowMs: number,
): Promise<ServiceAccount> {
  const expected = {
    issuer: config.skipsIssuer ? '' : config.issuer,
    audiences: role.audience === '' ? [] : [role.audience],
    allowsTimeless: true,
  }
  const claims = await verifiedClaims(token, config.keys, expected, nowMs).catch((error: unknown) => {
    if (!(error instanceof SignedTokenError)) throw error
    throw new VaultError(403, error.isSignature ? 'permission denied' : error.message)
  })
  const account = read(claims)
  const allows = (patterns: readonly string[], text: string): boolean => patterns.some((pattern) => globMatches(pattern, text))
  if (!allows(role.names, account.name)) throw new VaultError(403, 'service account name not authorized')
  if (!allows(role.namespaces, account.namespace)) throw new VaultError(403, 'namespace not authorized')
  if (account.uid === '') throw new VaultError(500, 'could not parse UID from claims')
  return account
}

/** Tokens of today nest the names, those from secrets have long keys. */
function read(claims: Claims): ServiceAccount {
  if (typeof claims['aud'] === 'string') {
    throw new VaultError(500, "1 error(s) decoding:\n\n* 'aud': source data must be an array or slice, got string")
  }
  const old = (key: string): string => text(claims[`kubernetes.io/serviceaccount/${key}`])
  const nested = object(claims['kubernetes.io'])
  const account = object(nested?.['serviceaccount'])
  return {
    namespace: nested === undefined ? old('namespace') : text(nested['namespace']),
    name: account === undefined ? old('service-account.name') : text(account['name']),
    uid: account === undefined ? old('service-account.uid') : text(account['uid']),
    secretName: old('secret.name'),
  }
}

function object(value: unknown): Claims | undefined {
  return typeof value === 'object' && value !== null ? (value as Claims) : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
