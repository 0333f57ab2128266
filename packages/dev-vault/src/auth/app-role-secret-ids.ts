import type { AppRole, AppRoles, SecretId } from './app-role'
import type { Fields, FieldSchema } from '../http/fields'
import { multiError, type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'
import { rfc3339 } from '../time'
import { checkSubset } from './app-role-login'
import { firstThatIsNoBlock } from './cidr'
import { listRoute } from './login'

const MINT_FIELDS: FieldSchema = {
  metadata: 'string',
  cidr_list: 'list',
  token_bound_cidrs: 'list',
  num_uses: 'integer',
  ttl: 'seconds',
}

/** Go's zero time: what Vault shows for a secret id that never expires. */
const NEVER = '0001-01-01T00:00:00Z'

/** Minting, listing, looking up and destroying secret ids. */
export function secretIdRoutes(appRoles: AppRoles): Route[] {
  const below = (rest: string): RegExp => new RegExp(`^role/${NAME}/${rest}$`)
  const byId = { fields: { secret_id: 'string' } } as const
  const byAccessor = { fields: { secret_id_accessor: 'string' } } as const
  return [
    {
      ...listRoute(`role/${NAME}/secret-id`, ({ params }) => accessors(appRoles, params[0]!)),
      fields: MINT_FIELDS,
      update: (request) => mint(appRoles, request, undefined),
    },
    {
      pattern: below('custom-secret-id'),
      fields: { ...MINT_FIELDS, secret_id: 'string' },
      update: (request) => mint(appRoles, request, required(request.fields, 'secret_id')),
    },
    { pattern: below('secret-id/lookup/?'), ...byId, update: (request) => describeFound(findById(appRoles, request).secret) },
    { pattern: below('secret-id/destroy/?'), ...byId, ...destroying(appRoles, findById) },
    { pattern: below('secret-id-accessor/lookup/?'), ...byAccessor, update: (request) => lookUpAccessor(appRoles, request) },
    { pattern: below('secret-id-accessor/destroy/?'), ...byAccessor, ...destroying(appRoles, findByAccessorOrFail) },
  ]
}

interface Found {
  readonly role: AppRole
  readonly secret: SecretId | undefined
}

type Find = (appRoles: AppRoles, request: VaultRequest) => Found

function destroying(appRoles: AppRoles, find: Find): Pick<Route, 'update' | 'delete'> {
  const destroy = (request: VaultRequest): void => {
    const { role, secret } = find(appRoles, request)
    if (secret !== undefined) appRoles.destroy(role, secret)
  }
  return { update: destroy, delete: destroy }
}

function findById(appRoles: AppRoles, { params, fields }: VaultRequest): Found {
  const id = required(fields, 'secret_id')
  const role = roleOrFail(appRoles, params[0]!)
  return { role, secret: appRoles.findSecretId(role, id) }
}

function findByAccessor(appRoles: AppRoles, { params, fields }: VaultRequest): Found {
  const accessor = required(fields, 'secret_id_accessor')
  const role = roleOrFail(appRoles, params[0]!)
  return { role, secret: appRoles.secretIds(role).find((secret) => secret.accessor === accessor) }
}

function findByAccessorOrFail(appRoles: AppRoles, request: VaultRequest): Found {
  const found = findByAccessor(appRoles, request)
  if (found.secret === undefined) throw new Error(noAccessor(request))
  return found
}

/** Vault answers an unknown accessor with 404 and the reason in `data`. */
function lookUpAccessor(appRoles: AppRoles, request: VaultRequest): Reply | undefined {
  const { secret } = findByAccessor(appRoles, request)
  return describeFound(secret) ?? { status: 404, data: { error: noAccessor(request) }, withoutMountType: true }
}

function noAccessor({ fields }: VaultRequest): string {
  return `failed to find accessor entry for secret_id_accessor: "${fields.string('secret_id_accessor')}"`
}

function describeFound(secret: SecretId | undefined): Reply | undefined {
  if (secret === undefined) return undefined
  const expiresMs = secret.ttlSeconds > 0 ? secret.createdMs + secret.ttlSeconds * 1000 : undefined
  return {
    data: {
      secret_id_num_uses: secret.usesLeft,
      secret_id_ttl: secret.ttlSeconds,
      secret_id_accessor: secret.accessor,
      creation_time: rfc3339(secret.createdMs),
      expiration_time: expiresMs === undefined ? NEVER : rfc3339(expiresMs),
      last_updated_time: rfc3339(secret.updatedMs),
      metadata: secret.meta,
      cidr_list: secret.cidrs,
      token_bound_cidrs: secret.tokenCidrs,
    },
  }
}

function mint(appRoles: AppRoles, { params, fields }: VaultRequest, id: string | undefined): Reply {
  const role = appRoles.get(params[0]!)
  if (role === undefined) throw new VaultError(404, `role "${params[0]}" does not exist`)
  if (!role.bindSecretId) throw new VaultError(400, 'bind_secret_id is not set on the role')
  const cidrs = blocks(fields, 'cidr_list', 'CIDR blocks')
  checkSubset(role.secretIdBoundCidrs ?? [], cidrs, (text) => new Error(text))
  const tokenCidrs = blocks(fields, 'token_bound_cidrs', 'token CIDR blocks')
  checkSubset(role.parameters.boundCidrs, tokenCidrs, (text) => new Error(text))
  const numUses = fields.integer('num_uses')
  const ttlSeconds = fields.seconds('ttl')
  refuse((numUses ?? 0) < 0, 'num_uses cannot be negative')
  refuse(exceeds(numUses, role.secretIdNumUses), "num_uses cannot be higher than the role's secret_id_num_uses")
  refuse(exceeds(ttlSeconds, role.secretIdTtlSeconds), "ttl cannot be longer than the role's secret_id_ttl")
  const secret = appRoles.mint(role, {
    ...{ cidrs, tokenCidrs, meta: readMeta(fields.string('metadata') ?? '') },
    ...(id === undefined ? {} : { id }),
    ...(numUses === undefined ? {} : { numUses }),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  })
  return {
    data: {
      secret_id: secret.id,
      secret_id_accessor: secret.accessor,
      secret_id_num_uses: secret.numUses,
      secret_id_ttl: secret.ttlSeconds,
    },
  }
}

/** 0 means unlimited, which is more than any limit. */
function exceeds(asked: number | undefined, limit: number): boolean {
  return asked !== undefined && limit > 0 && (asked === 0 || asked > limit)
}

function blocks(fields: Fields, name: string, what: string): string[] {
  const found = fields.list(name) ?? []
  const wrong = firstThatIsNoBlock(found)
  if (wrong !== undefined) throw new Error(`failed to validate ${what}: invalid CIDR address: ${wrong}`)
  return found
}

/** A JSON object with string values, or `key=value` pairs with commas. */
function readMeta(text: string): Record<string, string> {
  if (text === '') return {}
  const meta = fromJson(text) ?? fromPairs(text)
  refuse(meta === undefined, 'failed to parse metadata: failed to parse the input: invalid <key,value> format')
  return meta ?? {}
}

function fromJson(text: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isMap && Object.values(value).every((item) => typeof item === 'string') ? (value as Record<string, string>) : undefined
  } catch {
    return undefined
  }
}

function fromPairs(text: string): Record<string, string> | undefined {
  const pairs = text.split(',').map((pair) => /^\s*([^=\s]+)=([^=]*)$/.exec(pair))
  if (!pairs.every((pair) => pair !== null)) return undefined
  return Object.fromEntries(pairs.map(([, key, value]) => [key!, value!.trim()]))
}

function accessors(appRoles: AppRoles, name: string): string[] {
  const role = appRoles.get(name)
  if (role === undefined) throw new VaultError(400, `role "${name}" does not exist`)
  return appRoles.secretIds(role).map((secret) => secret.accessor)
}

function roleOrFail(appRoles: AppRoles, name: string): AppRole {
  const role = appRoles.get(name)
  if (role === undefined) throw new VaultError(500, multiError(`role "${name}" does not exist`))
  return role
}

function required(fields: Fields, name: string): string {
  const value = fields.string(name) ?? ''
  refuse(value === '', `missing ${name}`)
  return value
}

function refuse(isRefused: boolean, text: string): void {
  if (isRefused) throw new VaultError(400, text)
}
