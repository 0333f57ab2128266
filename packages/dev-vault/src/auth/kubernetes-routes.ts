import { existsSync } from 'node:fs'
import { goDuration } from '../durations'
import type { Fields, FieldSchema } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'
import { blocksHold, SOURCE_ADDRESS } from './cidr'
import { type KubernetesConfig, type KubernetesLogins, type KubernetesRole, serviceAccountOf } from './kubernetes'
import { grantLogin, listRoute, type LoginContext, loginRoute, warned } from './login'
import { describeOldNames, oldFields, type OldName, readOldNames } from './old-names'
import { publicKeyOf } from './signed-token'
import { describeTokenParameters, NO_TOKEN_PARAMETERS, readTokenParameters, TOKEN_FIELDS } from './token-parameters'

const OLD_NAMES: readonly OldName[] = ['policies', 'num_uses', 'ttl', 'max_ttl', 'period', 'bound_cidrs']

const ROLE_FIELDS: FieldSchema = {
  ...TOKEN_FIELDS,
  ...oldFields(OLD_NAMES),
  bound_service_account_names: 'list',
  bound_service_account_namespaces: 'list',
  bound_service_account_namespace_selector: 'string',
  audience: 'string',
  alias_name_source: 'string',
}

const CONFIG_FIELDS: FieldSchema = {
  kubernetes_host: 'string',
  kubernetes_ca_cert: 'string',
  token_reviewer_jwt: 'string',
  pem_keys: 'list',
  issuer: 'string',
  disable_iss_validation: 'boolean',
  disable_local_ca_jwt: 'boolean',
  use_annotations_as_alias_metadata: 'boolean',
}

/** Where a pod finds the authority of its cluster. */
const LOCAL_CA = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'

/** The routes of a Kubernetes mount. */
export function kubernetesRoutes(logins: KubernetesLogins, context: LoginContext): Route[] {
  const key = ({ params }: VaultRequest): string => params[0]!.toLowerCase()
  return [
    loginRoute({
      pattern: /^login$/,
      fields: { role: 'string', jwt: 'string' },
      update: (request) => login(logins, context, request),
    }),
    {
      pattern: /^config$/,
      fields: CONFIG_FIELDS,
      read: () => describeConfig(logins.config),
      update: ({ fields }) => void (logins.config = readConfig(fields)),
    },
    listRoute('role', () => logins.roles.keys()),
    {
      pattern: new RegExp(`^role/${NAME}$`),
      fields: ROLE_FIELDS,
      exists: ([name]) => logins.roles.has(name!.toLowerCase()),
      read: (request) => describeRole(logins.roles.get(key(request))),
      update: (request) => writeRole(logins, context, request),
      delete: (request) => void logins.roles.delete(key(request)),
    },
  ]
}

async function login(logins: KubernetesLogins, context: LoginContext, { fields, path }: VaultRequest): Promise<Reply> {
  const roleName = fields.string('role') || fail(400, 'missing role')
  const token = fields.string('jwt') || fail(400, 'missing jwt')
  const find = (): KubernetesRole | undefined => logins.roles.get(roleName.toLowerCase())
  const role = find() ?? fail(400, `invalid role name "${roleName}"`)
  const { parameters } = role
  const isElsewhere = parameters.boundCidrs.length > 0 && !blocksHold(parameters.boundCidrs, SOURCE_ADDRESS)
  if (isElsewhere) fail(403, 'permission denied')
  const config = logins.config ?? fail(500, 'could not load backend configuration')
  const account = await serviceAccountOf(token, role, config, context.time.nowMs())
  return grantLogin(context, path, {
    alias: role.aliasNameSource === 'serviceaccount_name' ? `${account.namespace}/${account.name}` : account.uid,
    displayName: `${account.namespace}-${account.name}`,
    meta: {
      role: roleName,
      service_account_name: account.name,
      service_account_namespace: account.namespace,
      service_account_secret_name: account.secretName,
      service_account_uid: account.uid,
    },
    parameters,
    renewal: () => {
      const now = find()
      if (now === undefined) throw new Error(`role ${roleName} does not exist during renewal`)
      return now.parameters
    },
  })
}

function readConfig(fields: Fields): KubernetesConfig {
  const host = fields.string('kubernetes_host') || fail(400, 'no host provided')
  const caCert = fields.string('kubernetes_ca_cert') ?? ''
  if (caCert !== '' && !/-----BEGIN [\s\S]+-----END /.test(caCert)) {
    fail(400, 'The provided CA PEM data contains no valid certificates')
  }
  const pemKeys = fields.list('pem_keys') ?? []
  const keys = pemKeys.map((pem) => publicKeyOf(pem) ?? fail(400, 'data does not contain any valid RSA or ECDSA public keys'))
  const skipsLocalCa = fields.boolean('disable_local_ca_jwt') ?? false
  if (caCert === '' && !skipsLocalCa && !existsSync(LOCAL_CA)) fail(400, `open ${LOCAL_CA}: no such file or directory`)
  return {
    ...{ host, caCert, pemKeys, keys, skipsLocalCa },
    issuer: fields.string('issuer') ?? '',
    skipsIssuer: fields.boolean('disable_iss_validation') ?? true,
    hasReviewerToken: (fields.string('token_reviewer_jwt') ?? '') !== '',
    usesAnnotations: fields.boolean('use_annotations_as_alias_metadata') ?? false,
  }
}

function describeConfig(config: KubernetesConfig | undefined): Reply | undefined {
  if (config === undefined) return undefined
  return {
    data: {
      disable_iss_validation: config.skipsIssuer,
      disable_local_ca_jwt: config.skipsLocalCa,
      issuer: config.issuer,
      kubernetes_ca_cert: config.caCert,
      kubernetes_host: config.host,
      pem_keys: config.pemKeys,
      token_reviewer_jwt_set: config.hasReviewerToken,
      use_annotations_as_alias_metadata: config.usesAnnotations,
    },
  }
}

function writeRole(logins: KubernetesLogins, { mount }: LoginContext, { params, fields }: VaultRequest): Reply | undefined {
  const name = params[0]!
  const before = logins.roles.get(name.toLowerCase())
  const fresh = readTokenParameters(fields, before?.parameters ?? NO_TOKEN_PARAMETERS)
  const parameters = readOldNames(fields, OLD_NAMES, fresh)
  const { maxSeconds } = mount.limits()
  if (parameters.periodSeconds > maxSeconds) {
    const period = goDuration(parameters.periodSeconds)
    const text = `token period of '"${period}"' is greater than the backend's maximum lease TTL of '"${goDuration(maxSeconds)}"'`
    fail(400, text)
  }
  const { ttlSeconds, maxTtlSeconds } = parameters
  if (maxTtlSeconds > 0 && ttlSeconds > maxTtlSeconds) fail(400, 'token ttl should not be greater than token max ttl')
  const role = { ...readBounds(fields, before), parameters }
  logins.roles.set(name.toLowerCase(), role)
  return warned([
    ...(maxTtlSeconds > maxSeconds ? [MAX_TTL_TRUNCATED] : []),
    ...(role.audience.trim() === '' ? [`Role ${name} ${NO_AUDIENCE}`] : []),
  ])
}

const MAX_TTL_TRUNCATED =
  "max_ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"
const NO_AUDIENCE =
  'does not have an audience configured. While audiences are not required, consider specifying one if your use case would benefit from additional JWT claim verification.'

function readBounds(fields: Fields, before: KubernetesRole | undefined): Omit<KubernetesRole, 'parameters'> {
  const names = fields.list('bound_service_account_names') ?? before?.names ?? []
  const namespaces = fields.list('bound_service_account_namespaces') ?? before?.namespaces ?? []
  const namespaceSelector = fields.string('bound_service_account_namespace_selector') ?? ''
  if (names.length === 0) fail(400, '"bound_service_account_names" can not be empty')
  refuseMixed(names)
  if (namespaces.length === 0 && namespaceSelector === '') {
    const one = '"bound_service_account_namespaces" can not be empty'
    fail(400, `${one} if "bound_service_account_namespace_selector" is not set`)
  }
  if (!isSelector(namespaceSelector)) fail(400, 'invalid "bound_service_account_namespace_selector" configured')
  refuseMixed(namespaces)
  const aliasNameSource = fields.string('alias_name_source') || before?.aliasNameSource || 'serviceaccount_uid'
  if (aliasNameSource !== 'serviceaccount_uid' && aliasNameSource !== 'serviceaccount_name') {
    return fail(400, 'invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name')
  }
  const audience = fields.string('audience') ?? before?.audience ?? ''
  return { names, namespaces, namespaceSelector, audience, aliasNameSource }
}

function refuseMixed(patterns: readonly string[]): void {
  if (patterns.length > 1 && patterns.includes('*')) fail(400, 'can not mix "*" with values')
}

/** JSON or YAML; only the first is looked into, since there is no cluster whose namespaces it could select. */
function isSelector(text: string): boolean {
  if (!text.trim().startsWith('{')) return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function describeRole(role: KubernetesRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  return {
    data: {
      ...describeTokenParameters(role.parameters),
      ...describeOldNames(role.parameters),
      alias_name_source: role.aliasNameSource,
      ...(role.audience === '' ? {} : { audience: role.audience }),
      bound_service_account_names: role.names,
      bound_service_account_namespaces: role.namespaces,
      bound_service_account_namespace_selector: role.namespaceSelector,
    },
  }
}

function fail(status: number, why: string): never {
  throw new VaultError(status, why)
}
