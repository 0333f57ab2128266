import { readBoundCidrs } from '../auth/token-parameters'
import type { Fields } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { named, type Route, type VaultRequest } from '../http/route'
import { ROLE_FIELDS } from './token-fields'

/** What `auth/token/create/<role>` goes by. Durations in seconds, 0 means none. */
export interface TokenRole {
  readonly name: string
  readonly allowedPolicies: readonly string[]
  readonly disallowedPolicies: readonly string[]
  readonly allowedGlobs: readonly string[]
  readonly disallowedGlobs: readonly string[]
  readonly orphan: boolean
  readonly renewable: boolean
  readonly pathSuffix: string
  readonly periodSeconds: number
  readonly explicitMaxSeconds: number
  readonly numUses: number
  readonly noDefaultPolicy: boolean
  readonly tokenType: string
  /** Where its tokens may be used from; none means anywhere. */
  readonly boundCidrs: readonly string[]
}

/** Somewhere in it, as Vault has it: the pattern is not anchored (`pathSuffixSanitize` in `vault/token_store.go`). */
const SUFFIX = /\w[\w-.]+\w/
const TYPES = ['service', 'batch', 'default-service', 'default-batch']

/** The routes below `auth/token/roles/`, on `roles` by name. */
export function tokenRoleRoutes(roles: Map<string, TokenRole>): Route[] {
  const name = (request: VaultRequest): string => request.params[0]!
  return [
    { pattern: /^roles\/?$/, fields: {}, list: () => ({ data: { keys: [...roles.keys()].sort() } }) },
    {
      pattern: new RegExp(`^roles/${named('role_name')}$`),
      fields: ROLE_FIELDS,
      exists: (params) => roles.has(params[0]!),
      read: (request) => describe(roles.get(name(request))),
      update: (request) => write(roles, name(request), request.fields),
      delete: (request) => void roles.delete(name(request)),
    },
  ]
}

function write(roles: Map<string, TokenRole>, name: string, fields: Fields): Reply | undefined {
  const role = changed(roles.get(name) ?? newRole(name), fields)
  if (!TYPES.includes(role.tokenType)) throw new VaultError(400, `invalid 'token_type' value "${role.tokenType}"`)
  if (role.tokenType === 'batch') assertBatchFits(role)
  roles.set(name, role)
  const both = ['period', 'explicit_max_ttl'].filter((field) => fields.has(field) && fields.has(`token_${field}`))
  if (both.length === 0) return undefined
  return {
    warnings: both.map(
      (field) => `Both 'token_${field}' and deprecated '${field}' value supplied, ignoring the deprecated value`,
    ),
  }
}

function changed(role: TokenRole, fields: Fields): TokenRole {
  const suffix = fields.string('path_suffix')
  if (suffix && !SUFFIX.test(suffix)) {
    throw new VaultError(400, `given role path suffix contains invalid characters; must match ${SUFFIX.source}`)
  }
  const cidrs = fields.list('token_bound_cidrs') ?? fields.list('bound_cidrs')
  return {
    name: role.name,
    allowedPolicies: lowered(fields.list('allowed_policies')) ?? role.allowedPolicies,
    disallowedPolicies: lowered(fields.list('disallowed_policies')) ?? role.disallowedPolicies,
    allowedGlobs: lowered(fields.list('allowed_policies_glob')) ?? role.allowedGlobs,
    disallowedGlobs: lowered(fields.list('disallowed_policies_glob')) ?? role.disallowedGlobs,
    orphan: fields.boolean('orphan') ?? role.orphan,
    renewable: fields.boolean('renewable') ?? role.renewable,
    pathSuffix: suffix ?? role.pathSuffix,
    periodSeconds: fields.seconds('token_period') ?? fields.seconds('period') ?? role.periodSeconds,
    explicitMaxSeconds: fields.seconds('token_explicit_max_ttl') ?? fields.seconds('explicit_max_ttl') ?? role.explicitMaxSeconds,
    numUses: fields.integer('token_num_uses') ?? role.numUses,
    noDefaultPolicy: fields.boolean('token_no_default_policy') ?? role.noDefaultPolicy,
    tokenType: fields.string('token_type') ?? role.tokenType,
    boundCidrs: cidrs === undefined ? role.boundCidrs : readBoundCidrs(cidrs, 'error parsing role fields: '),
  }
}

function assertBatchFits({ orphan, periodSeconds, renewable }: TokenRole): void {
  const why = (kind: string): VaultError =>
    new VaultError(400, `'token_type' cannot be 'batch' when role is set to generate ${kind} tokens`)
  if (!orphan) throw why('non-orphan')
  if (periodSeconds > 0) throw why('periodic')
  if (renewable) throw why('renewable')
}

function newRole(name: string): TokenRole {
  return {
    name,
    allowedPolicies: [],
    disallowedPolicies: [],
    allowedGlobs: [],
    disallowedGlobs: [],
    orphan: false,
    renewable: true,
    pathSuffix: '',
    periodSeconds: 0,
    explicitMaxSeconds: 0,
    numUses: 0,
    noDefaultPolicy: false,
    tokenType: 'default-service',
    boundCidrs: [],
  }
}

function describe(role: TokenRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  return {
    data: {
      allowed_entity_aliases: null,
      allowed_policies: role.allowedPolicies,
      allowed_policies_glob: role.allowedGlobs,
      disallowed_policies: role.disallowedPolicies,
      disallowed_policies_glob: role.disallowedGlobs,
      explicit_max_ttl: 0,
      name: role.name,
      orphan: role.orphan,
      path_suffix: role.pathSuffix,
      period: 0,
      renewable: role.renewable,
      token_explicit_max_ttl: role.explicitMaxSeconds,
      token_no_default_policy: role.noDefaultPolicy,
      token_period: role.periodSeconds,
      token_type: role.tokenType,
      ...(role.boundCidrs.length > 0 ? { token_bound_cidrs: role.boundCidrs } : {}),
      ...(role.numUses > 0 ? { token_num_uses: role.numUses } : {}),
    },
  }
}

function lowered(names: string[] | undefined): string[] | undefined {
  return names?.map((name) => name.toLowerCase())
}
