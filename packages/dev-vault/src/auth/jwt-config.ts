import { createRemoteJWKSet } from 'jose'
import type { Fields, FieldSchema } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import type { JwtConfig, JwtLogins } from './jwt'
import { ALGORITHMS, publicKeyOf } from './signed-token'
import type { Route } from '../http/route'

const CONFIG_FIELDS: FieldSchema = {
  bound_issuer: 'string',
  default_role: 'string',
  jwks_ca_pem: 'string',
  jwks_pairs: 'any',
  jwks_url: 'string',
  jwt_supported_algs: 'list',
  jwt_validation_pubkeys: 'list',
  namespace_in_state: 'boolean',
  oidc_client_id: 'string',
  oidc_client_secret: 'string',
  oidc_discovery_ca_pem: 'string',
  oidc_discovery_url: 'string',
  oidc_response_mode: 'string',
  oidc_response_types: 'list',
  provider_config: 'any',
  unsupported_critical_cert_extensions: 'list',
}

/** Those that are kept by nobody and shown as Vault shows them when they are not set. */
const UNSET = {
  jwks_pairs: [],
  oidc_client_id: '',
  oidc_discovery_ca_pem: '',
  oidc_discovery_url: '',
  oidc_response_mode: '',
  oidc_response_types: [],
  provider_config: {},
  unsupported_critical_cert_extensions: [],
}

/** The route of the configuration of a JWT mount. */
export function jwtConfigRoute(logins: JwtLogins): Route {
  return {
    pattern: /^config$/,
    fields: CONFIG_FIELDS,
    read: () => describeConfig(logins.config),
    update: async ({ fields }) => void (logins.config = await readConfig(fields, logins.config)),
  }
}

async function readConfig(fields: Fields, before: JwtConfig | undefined): Promise<JwtConfig> {
  const text = (name: string): string => fields.string(name) ?? ''
  const pemKeys = fields.list('jwt_validation_pubkeys') ?? []
  const jwksUrl = text('jwks_url')
  const hasPairs = [fields.any('jwks_pairs') ?? []].flat().length > 0
  const sources = [pemKeys.length > 0, jwksUrl !== '', hasPairs, text('oidc_discovery_url') !== '']
  if (sources.filter(Boolean).length !== 1) {
    fail("exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set")
  }
  if ((text('oidc_client_id') === '') !== (text('oidc_client_secret') === '')) {
    fail("both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC")
  }
  if (hasPairs || text('oidc_discovery_url') !== '') {
    fail('dev-vault takes keys from jwt_validation_pubkeys or jwks_url only')
  }
  if (text('oidc_client_id') !== '') fail("'oidc_discovery_url' must be set for OIDC")
  const keys = jwksUrl === '' ? pemKeys.map(readKey) : await remoteKeys(jwksUrl)
  checkDetails(fields)
  return {
    ...{ keys, pemKeys, jwksUrl },
    boundIssuer: text('bound_issuer'),
    defaultRole: text('default_role'),
    jwksCa: text('jwks_ca_pem'),
    supportedAlgorithms: fields.list('jwt_supported_algs') ?? [],
    namespaceInState: fields.boolean('namespace_in_state') ?? before?.namespaceInState ?? true,
  }
}

function readKey(pem: string): NonNullable<ReturnType<typeof publicKeyOf>> {
  return publicKeyOf(pem) ?? fail('error parsing public key: data does not contain any valid public keys')
}

async function remoteKeys(url: string): Promise<JwtConfig['keys']> {
  try {
    const keys = createRemoteJWKSet(new URL(url))
    await keys.reload()
    return keys
  } catch {
    return fail(`error checking jwks URL ${url}`)
  }
}

function checkDetails(fields: Fields): void {
  const algorithms: readonly string[] = ALGORITHMS
  const unknown = fields.list('jwt_supported_algs')?.find((name) => !algorithms.includes(name))
  if (unknown !== undefined) fail(`invalid jwt_supported_algs: unsupported signing algorithm "${unknown}"`)
  const types = fields.list('oidc_response_types') ?? []
  if (types.some((type) => type !== 'code' && type !== 'id_token')) {
    fail(`invalid response_types [${types.join(' ')}]. 'code' and 'id_token' are allowed`)
  }
  const mode = fields.string('oidc_response_mode') ?? ''
  if (!['', 'query', 'form_post'].includes(mode)) fail(`invalid response_mode: "${mode}"`)
}

function describeConfig(config: JwtConfig | undefined): Reply | undefined {
  if (config === undefined) return undefined
  return {
    data: {
      ...UNSET,
      bound_issuer: config.boundIssuer,
      default_role: config.defaultRole,
      jwks_ca_pem: config.jwksCa,
      jwks_url: config.jwksUrl,
      jwt_supported_algs: config.supportedAlgorithms,
      jwt_validation_pubkeys: config.pemKeys,
      namespace_in_state: config.namespaceInState,
    },
  }
}

function fail(why: string): never {
  throw new VaultError(400, why)
}
