import { goDuration, parseSeconds } from '../durations'
import type { Fields, FieldSchema } from '../http/fields'
import type { MountReference } from '../system/mounts'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route } from '../http/route'
import { goText, type JwtLogins, type JwtRole } from './jwt'
import { warned } from './login'
import { describeOldNames, oldFields, type OldName, readOldNames } from './old-names'
import type { Claims } from './signed-token'
import { describeTokenParameters, NO_TOKEN_PARAMETERS, readTokenParameters, TOKEN_FIELDS } from './token-parameters'

const OLD_NAMES: readonly OldName[] = ['policies', 'num_uses', 'ttl', 'max_ttl', 'period', 'bound_cidrs']

const ROLE_FIELDS: FieldSchema = {
  ...TOKEN_FIELDS,
  ...oldFields(OLD_NAMES),
  role_type: 'string',
  expiration_leeway: 'any',
  not_before_leeway: 'any',
  clock_skew_leeway: 'any',
  bound_subject: 'string',
  bound_audiences: 'list',
  bound_claims_type: 'string',
  bound_claims: 'map',
  claim_mappings: 'stringMap',
  user_claim: 'string',
  user_claim_json_pointer: 'boolean',
  groups_claim: 'string',
  oidc_scopes: 'list',
  allowed_redirect_uris: 'list',
  verbose_oidc_logging: 'boolean',
  max_age: 'seconds',
}

/** The route of one role of a JWT mount. */
export function jwtRoleRoute(logins: JwtLogins, mount: MountReference): Route {
  return {
    pattern: new RegExp(`^role/${NAME}$`),
    fields: ROLE_FIELDS,
    exists: ([name]) => logins.roles.has(name!.toLowerCase()),
    read: ({ params }) => describeRole(logins.roles.get(params[0]!.toLowerCase())),
    update: ({ params, fields }) => writeRole(logins, mount, params[0]!.toLowerCase(), fields),
    delete: ({ params }) => void logins.roles.delete(params[0]!.toLowerCase()),
  }
}

const NEW_ROLE: JwtRole = {
  type: 'oidc',
  boundAudiences: null,
  boundSubject: '',
  boundClaims: null,
  boundClaimsType: 'string',
  claimMappings: null,
  userClaim: '',
  isUserClaimPointer: false,
  groupsClaim: '',
  expirationLeeway: 0,
  notBeforeLeeway: 0,
  clockSkewLeeway: 0,
  oidc: { scopes: null, redirectUris: null, isVerbose: false, maxAgeSeconds: 0 },
  parameters: NO_TOKEN_PARAMETERS,
}

function writeRole(logins: JwtLogins, mount: MountReference, name: string, fields: Fields): Reply | undefined {
  const before = logins.roles.get(name) ?? NEW_ROLE
  const type = fields.string('role_type') || 'oidc'
  if (type !== 'jwt' && type !== 'oidc') return fail(`invalid 'role_type': ${type}`)
  const parameters = readOldNames(fields, OLD_NAMES, readTokenParameters(fields, before.parameters))
  const { maxSeconds } = mount.limits()
  if (parameters.periodSeconds > maxSeconds) {
    const period = goDuration(parameters.periodSeconds)
    fail(`'period' of '"${period}"' is greater than the backend's maximum lease TTL of '"${goDuration(maxSeconds)}"'`)
  }
  const role: JwtRole = {
    ...{ type, parameters },
    ...readLeeways(fields, before),
    ...readBounds(fields, before),
    claimMappings: readMappings(fields) ?? before.claimMappings,
    ...readUser(fields, before),
  }
  checkRole(role)
  logins.roles.set(name, role)
  return warned([
    ...(parameters.maxTtlSeconds > maxSeconds ? [MAX_TTL_TRUNCATED] : []),
    ...(role.oidc.isVerbose ? [VERBOSE] : []),
  ])
}

const MAX_TTL_TRUNCATED =
  "token max ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"
const VERBOSE =
  'verbose_oidc_logging has been enabled for this role. This is not recommended in production since sensitive information may be present in OIDC responses.'

function checkRole({ type, boundAudiences, boundSubject, boundClaims, oidc, parameters }: JwtRole): void {
  if (type === 'oidc' && !oidc.redirectUris?.length) {
    fail("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.")
  }
  const isBound = boundAudiences?.length || parameters.boundCidrs.length || boundSubject || Object.keys(boundClaims ?? {}).length
  if (type === 'jwt' && !isBound) fail('must have at least one bound constraint when creating/updating a role')
  const { ttlSeconds, maxTtlSeconds } = parameters
  if (maxTtlSeconds > 0 && ttlSeconds > maxTtlSeconds) fail('ttl should not be greater than max ttl')
}

function readLeeways(fields: Fields, before: JwtRole): Pick<JwtRole, 'expirationLeeway' | 'notBeforeLeeway' | 'clockSkewLeeway'> {
  return {
    expirationLeeway: signedSeconds(fields, 'expiration_leeway') ?? before.expirationLeeway,
    notBeforeLeeway: signedSeconds(fields, 'not_before_leeway') ?? before.notBeforeLeeway,
    clockSkewLeeway: signedSeconds(fields, 'clock_skew_leeway') ?? before.clockSkewLeeway,
  }
}

function signedSeconds(fields: Fields, name: string): number | undefined {
  const value = fields.any(name)
  if (value === undefined || value === null) return undefined
  return parseSeconds(value) ?? fail(`error converting input for field "${name}": invalid duration`)
}

function readBounds(
  fields: Fields,
  before: JwtRole,
): Pick<JwtRole, 'boundAudiences' | 'boundSubject' | 'boundClaims' | 'boundClaimsType'> {
  const boundClaimsType = fields.string('bound_claims_type') ?? 'string'
  if (boundClaimsType !== 'string' && boundClaimsType !== 'glob') {
    return fail(`invalid 'bound_claims_type': ${boundClaimsType}`)
  }
  const sent: Claims | undefined = fields.map('bound_claims')
  if (boundClaimsType === 'glob') checkGlobs(sent ?? {})
  return {
    boundAudiences: fields.list('bound_audiences') ?? before.boundAudiences,
    boundSubject: fields.string('bound_subject') ?? before.boundSubject,
    boundClaims: sent ?? before.boundClaims,
    boundClaimsType,
  }
}

function checkGlobs(claims: Claims): void {
  for (const value of Object.values(claims)) {
    if (typeof value === 'object' && !Array.isArray(value)) fail(`claim is not a string or list: ${goText(value)}`)
    const wrong = [value].flat().find((item) => typeof item !== 'string')
    if (wrong !== undefined) fail(`claim is not a string: ${goText(wrong)}`)
  }
}

function readMappings(fields: Fields): Record<string, string> | undefined {
  const mappings = fields.stringMap('claim_mappings')
  const targets = Object.values(mappings ?? {})
  for (const [index, target] of targets.entries()) {
    if (target === 'role') fail(`metadata key "${target}" is reserved and may not be a mapping destination`)
    if (targets.indexOf(target) < index) fail(`multiple keys are mapped to metadata key "${target}"`)
  }
  return mappings
}

function readUser(fields: Fields, before: JwtRole): Pick<JwtRole, 'userClaim' | 'isUserClaimPointer' | 'groupsClaim' | 'oidc'> {
  const userClaim = fields.string('user_claim') ?? before.userClaim
  if (userClaim === '') fail('a user claim must be defined on the role')
  return {
    userClaim,
    isUserClaimPointer: fields.boolean('user_claim_json_pointer') ?? before.isUserClaimPointer,
    groupsClaim: fields.string('groups_claim') ?? before.groupsClaim,
    oidc: {
      scopes: fields.list('oidc_scopes') ?? before.oidc.scopes,
      redirectUris: fields.list('allowed_redirect_uris') ?? before.oidc.redirectUris,
      isVerbose: fields.boolean('verbose_oidc_logging') ?? before.oidc.isVerbose,
      maxAgeSeconds: fields.seconds('max_age') ?? before.oidc.maxAgeSeconds,
    },
  }
}

function describeRole(role: JwtRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  return {
    data: {
      ...describeTokenParameters(role.parameters),
      ...describeOldNames(role.parameters),
      allowed_redirect_uris: role.oidc.redirectUris,
      bound_audiences: role.boundAudiences,
      bound_claims: role.boundClaims,
      bound_claims_type: role.boundClaimsType,
      bound_subject: role.boundSubject,
      claim_mappings: role.claimMappings,
      clock_skew_leeway: role.clockSkewLeeway,
      expiration_leeway: role.expirationLeeway,
      groups_claim: role.groupsClaim,
      max_age: role.oidc.maxAgeSeconds,
      not_before_leeway: role.notBeforeLeeway,
      oidc_scopes: role.oidc.scopes,
      role_type: role.type,
      user_claim: role.userClaim,
      user_claim_json_pointer: role.isUserClaimPointer,
      verbose_oidc_logging: role.oidc.isVerbose,
    },
  }
}

function fail(why: string): never {
  throw new VaultError(400, why)
}
