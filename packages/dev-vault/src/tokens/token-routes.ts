import { NothingToRenewError } from '../auth/renewal'
import type { FieldSchema } from '../http/fields'
import type { Policies } from '../policies/policies'
import { type AuthReply, multiError, type Reply, VaultError } from '../http/respond'
import { callerOf, named, type Route, type VaultRequest } from '../http/route'
import { rfc3339, type Time } from '../time'
import { newTokenSpec } from './token-create'
import { CREATE_FIELDS } from './token-fields'
import { type TokenRole, tokenRoleRoutes } from './token-roles'
import type { Token, Tokens } from './tokens'
import { type GrantedTtl, type MountLimits, PastMaxTtlError } from './ttl'

/** What the routes of `auth/token/` work on. */
export interface TokenContext {
  readonly tokens: Tokens
  readonly policies: Policies
  readonly time: Time
  readonly mountLimits: () => MountLimits
}

const TOKEN: FieldSchema = { token: 'string' }
const ACCESSOR: FieldSchema = { accessor: 'string' }

/** The routes below `auth/token/`. */
export function tokenRoutes(context: TokenContext): Route[] {
  const roles = new Map<string, TokenRole>()
  const create = (request: VaultRequest, role?: TokenRole): Reply => createToken(context, request, role)
  const roleOf = (request: VaultRequest): TokenRole => {
    const role = roles.get(request.params[0]!)
    if (role === undefined) throw new VaultError(400, `unknown role ${request.params[0]!}`)
    return role
  }
  return [
    { pattern: /^create(-orphan)?$/, fields: CREATE_FIELDS, update: (request) => create(request) },
    {
      pattern: new RegExp(`^create/${named('role_name')}$`),
      fields: CREATE_FIELDS,
      update: (request) => create(request, roleOf(request)),
    },
    ...tokenRoleRoutes(roles),
    ...lookupRoutes(context),
    ...renewRoutes(context),
    ...revokeRoutes(context),
    { pattern: /^tidy$/, fields: {}, update: () => ({ ...TIDY, withoutMountType: true, status: 202 }) },
  ]
}

/** The tidy jobs of tokens and leases; there is nothing to tidy here. */
export const TIDY: Reply = {
  warnings: ["Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."],
}

function lookupRoutes({ tokens, time }: TokenContext): Route[] {
  const self = (request: VaultRequest): Reply => ({ data: describeToken(callerOf(request), time) })
  const named = (request: VaultRequest): Reply => ({ data: describeToken(lookedUp(tokens, request), time) })
  return [
    { pattern: /^lookup-self$/, fields: TOKEN, read: self, update: self },
    { pattern: /^lookup$/, fields: TOKEN, read: named, update: named },
    {
      pattern: /^lookup-accessor$/,
      fields: ACCESSOR,
      update: (request) => ({ data: { ...describeToken(byAccessor(tokens, request), time), id: '' } }),
    },
    {
      pattern: /^accessors\/?$/,
      fields: {},
      list: () => ({ data: { keys: tokens.all().flatMap(({ accessor }) => (accessor === '' ? [] : [accessor])) } }),
    },
  ]
}

function renewRoutes({ tokens }: TokenContext): Route[] {
  const increment: FieldSchema = { increment: 'seconds' }
  const renamed = (request: VaultRequest): Token => tokens.find(tokenField(request)) ?? missing(400, 'token not found')
  return [
    {
      pattern: /^renew-self$/,
      fields: { ...TOKEN, ...increment },
      update: (request) => renew(tokens, callerOf(request), request),
    },
    { pattern: /^renew$/, fields: { ...TOKEN, ...increment }, update: (request) => renew(tokens, renamed(request), request) },
    {
      pattern: /^renew-accessor$/,
      fields: { ...ACCESSOR, ...increment },
      update: (request) => {
        const reply = renew(tokens, byAccessor(tokens, request), request)
        return reply && { ...reply, auth: { ...reply.auth!, client_token: '' } }
      },
    },
  ]
}

function revokeRoutes({ tokens }: TokenContext): Route[] {
  return [
    { pattern: /^revoke-self$/, fields: {}, update: (request) => revoke(tokens, callerOf(request)) },
    { pattern: /^revoke$/, fields: TOKEN, update: (request) => revoke(tokens, tokens.find(tokenField(request))) },
    {
      pattern: /^revoke-orphan$/,
      fields: TOKEN,
      update: (request) =>
        tokens.endAlone(revocable(tokens.find(tokenField(request)) ?? missing(400, 'token to revoke not found'))),
    },
    { pattern: /^revoke-accessor$/, fields: ACCESSOR, update: (request) => revokeByAccessor(tokens, request) },
  ]
}

/** The `auth` object that shows a token to who just made or renewed it. */
export function authReply(token: Token, seconds: number): AuthReply {
  return {
    client_token: token.id,
    accessor: token.accessor,
    policies: token.policies,
    ...(token.policies.length === 0 ? {} : { token_policies: token.policies }),
    metadata: token.meta,
    lease_duration: seconds,
    renewable: token.renewable,
    entity_id: token.entityId,
    token_type: token.type,
    orphan: token.parent === undefined,
    mfa_requirement: null,
    num_uses: token.numUses,
  }
}

function createToken(context: TokenContext, request: VaultRequest, role: TokenRole | undefined): Reply {
  const asOrphan = role === undefined && request.params[0] !== ''
  const { spec, warnings } = newTokenSpec(context, request, { asOrphan, role })
  const { token, warnings: capped } = context.tokens.create(spec)
  const absent = token.policies.filter((name) => !context.policies.has(name))
  return {
    auth: authReply(token, token.creationSeconds),
    warnings: [...warnings, ...capped, ...absent.map((name) => `Policy "${name}" does not exist`)],
  }
}

function renew(tokens: Tokens, token: Token, request: VaultRequest): Reply | undefined {
  const increment = request.fields.seconds('increment') ?? 0
  if (token.type === 'batch') throw new VaultError(400, 'batch tokens cannot be renewed')
  if (!token.renewable) throw new VaultError(400, 'lease is not renewable')
  const granted = renewOrExplain(tokens, token, increment)
  return granted && { auth: authReply(token, granted.seconds), warnings: granted.warnings }
}

function renewOrExplain(tokens: Tokens, token: Token, increment: number): GrantedTtl | undefined {
  try {
    return tokens.renew(token, increment)
  } catch (error) {
    if (error instanceof NothingToRenewError) return undefined
    if (error instanceof PastMaxTtlError) throw new VaultError(400, error.message)
    throw new VaultError(500, multiError(`failed to renew entry: ${(error as Error).message}`))
  }
}

function revoke(tokens: Tokens, token: Token | undefined): void {
  if (token !== undefined) tokens.end(revocable(token))
}

function revocable(token: Token): Token {
  if (token.type === 'batch') throw new VaultError(400, 'batch tokens cannot be revoked')
  return token
}

function revokeByAccessor(tokens: Tokens, request: VaultRequest): Reply | undefined {
  const accessor = accessorField(request)
  const token = tokens.findByAccessor(accessor)
  if (token === undefined) return { warnings: ['No token found with this accessor'] }
  revoke(tokens, token)
  return undefined
}

function lookedUp(tokens: Tokens, request: VaultRequest): Token {
  const id = request.fields.string('token') ?? ''
  return id === '' ? callerOf(request) : (tokens.find(id) ?? missing(403, 'bad token'))
}

function byAccessor(tokens: Tokens, request: VaultRequest): Token {
  return tokens.findByAccessor(accessorField(request)) ?? missing(400, multiError('invalid accessor'))
}

function accessorField(request: VaultRequest): string {
  const accessor = request.fields.string('accessor') ?? ''
  return accessor === '' ? missing(400, multiError('missing accessor')) : accessor
}

function tokenField(request: VaultRequest): string {
  const id = request.fields.string('token') ?? ''
  return id === '' ? missing(400, 'missing token ID') : id
}

function missing(status: number, text: string): never {
  throw new VaultError(status, text)
}

function describeToken(token: Token, time: Time): Record<string, unknown> {
  const leftSeconds = token.expiresMs === undefined ? 0 : Math.max(0, Math.floor((token.expiresMs - time.nowMs()) / 1000))
  return {
    accessor: token.accessor,
    creation_time: Math.floor(token.issuedMs / 1000),
    creation_ttl: token.creationSeconds,
    ...(token.boundCidrs.length > 0 ? { bound_cidrs: token.boundCidrs } : {}),
    display_name: token.displayName,
    entity_id: token.entityId,
    expire_time: token.expiresMs === undefined ? null : rfc3339(token.expiresMs),
    explicit_max_ttl: token.explicitMaxSeconds,
    id: token.id,
    issue_time: rfc3339(token.issuedMs),
    ...(token.lastRenewalMs === undefined ? {} : renewalFields(token.lastRenewalMs)),
    meta: token.meta,
    num_uses: token.numUses,
    orphan: token.parent === undefined,
    path: token.path,
    ...(token.periodSeconds > 0 ? { period: token.periodSeconds } : {}),
    policies: token.policies,
    renewable: token.renewable,
    ...(token.role === undefined ? {} : { role: token.role }),
    ttl: leftSeconds,
    type: token.type,
  }
}

function renewalFields(ms: number): Record<string, unknown> {
  return { last_renewal: rfc3339(ms), last_renewal_time: Math.floor(ms / 1000) }
}
