import { parseSeconds } from '../durations'
import type { Fields } from '../http/fields'
import { VaultError } from '../http/respond'
import { callerOf, type VaultRequest } from '../http/route'
import { chosenPolicies } from './token-policies'
import type { TokenRole } from './token-roles'
import type { TokenContext } from './token-routes'
import type { Token, TokenSpec } from './tokens'

/** Vault's warning about a token id that somebody chose. */
const CUSTOM_ID =
  'Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups.'

/** What `auth/token/create` is asked to make, and what to warn of. Throws 400 for what Vault refuses, in its order. */
export function newTokenSpec(
  context: TokenContext,
  request: VaultRequest,
  how: { readonly asOrphan: boolean; readonly role: TokenRole | undefined },
): { spec: TokenSpec; warnings: string[] } {
  const { fields } = request
  const { role } = how
  const parent = callerOf(request)
  refuse(parent.type === 'batch', 'batch tokens cannot create more tokens')
  // The last use is not counted down yet in Vault's eyes either: it looks at the token as it was stored.
  refuse(parent.numUses > 0 || !context.tokens.isUnlimited(parent), 'restricted use token cannot generate child tokens')
  const isSudo = context.policies.isSudo(parent, request.path)
  const type = tokenType(fields, role)
  const numUses = usesOf(fields, role)
  refuse((fields.string('entity_alias') ?? '') !== '', entityRefusal(role))
  const id = chosenId(context, fields, isSudo)
  const noDefaultPolicy = fields.boolean('no_default_policy') ?? false
  const policies = chosenPolicies({
    asked: fields.strings('policies') ?? [],
    parent: parent.policies,
    role,
    isSudo,
    noDefaultPolicy,
  })
  refuse(policies.includes('root') && type === 'batch', 'batch tokens cannot be root tokens')
  const noParent = role === undefined && (fields.boolean('no_parent') ?? false)
  refuse(noParent && !isSudo, 'root or sudo privileges required to create orphan token')
  const isOrphan = role === undefined ? how.asOrphan || noParent : role.orphan
  const { limits, warnings } = limitsOf(fields, { role, isSudo, isRoot: policies.includes('root') })
  const lasting = Math.max(limits.defaultSeconds, limits.periodSeconds)
  const endless = policies.includes('root') && lasting === 0
  refuse(endless && parent.expiresMs !== undefined, 'expiring root tokens cannot create non-expiring root tokens')
  const spec = {
    ...(id === '' ? {} : { id }),
    ...(isOrphan ? {} : { parent }),
    ...(role === undefined ? {} : { role: role.name, boundCidrs: role.boundCidrs }),
    type,
    policies,
    displayName: displayName(fields.string('display_name') ?? ''),
    ...optionalMeta(fields),
    path: role === undefined || role.pathSuffix === '' ? request.path : `${request.path}/${role.pathSuffix}`,
    renewable: (fields.boolean('renewable') ?? true) && (role?.renewable ?? true),
    numUses,
    limits: () => limits,
    mountLimits: context.mountLimits,
    endless,
    renewsAsMade: true as const,
  }
  return { spec, warnings: id === '' ? warnings : [CUSTOM_ID, ...warnings] }
}

function tokenType(fields: Fields, role: TokenRole | undefined): Token['type'] {
  const asked = fields.string('type') ?? ''
  const byRole = role?.tokenType
  const type = byRole === 'service' || byRole === 'batch' ? byRole : asked === '' && byRole === 'default-batch' ? 'batch' : asked
  if (type === '' || type === 'service') return 'service'
  refuse(type !== 'batch', "invalid 'token_type' value")
  const set = (name: string): boolean => (parseSeconds(fields.string(name) ?? '') ?? 1) !== 0
  const bad = set('explicit_max_ttl') ? 'explicit_max_ttl' : (fields.integer('num_uses') ?? 0) !== 0 ? 'num_uses' : 'period'
  refuse(bad !== 'period' || set('period'), `batch tokens cannot have "${bad}" set`)
  return 'batch'
}

function usesOf(fields: Fields, role: TokenRole | undefined): number {
  const asked = fields.integer('num_uses') ?? 0
  refuse(asked < 0, 'number of uses cannot be negative')
  const limit = role?.numUses ?? 0
  return limit === 0 ? asked : asked === 0 ? limit : Math.min(asked, limit)
}

function entityRefusal(role: TokenRole | undefined): string {
  if (role === undefined) return "'entity_alias' is only allowed in combination with token role"
  return "invalid 'entity_alias' value"
}

function chosenId(context: TokenContext, fields: Fields, isSudo: boolean): string {
  const id = fields.string('id') ?? ''
  if (id === '') return id
  refuse(!isSudo, 'root or sudo privileges required to specify token id')
  const prefix = ['hvs.', 'hvb.', 'hvr.', 's.', 'b.', 'r.'].find((start) => id.startsWith(start))
  refuse(prefix !== undefined, `custom token ID cannot have the '${prefix}' prefix`)
  refuse(id.includes('.'), "custom token ID cannot have a '.' in the value")
  refuse(context.tokens.find(id) !== undefined, 'cannot create a token with a duplicate ID')
  return id
}

interface Limits {
  readonly defaultSeconds: number
  readonly maxSeconds: number
  readonly periodSeconds: number
  readonly explicitMaxSeconds: number
}

interface Maker {
  readonly role: TokenRole | undefined
  readonly isSudo: boolean
  /** The token is to be root: then only its explicit maximum ends it, and without a ttl that is its ttl. */
  readonly isRoot: boolean
}

function limitsOf(fields: Fields, { role, isSudo, isRoot }: Maker): { limits: Limits; warnings: string[] } {
  const explicitMax = positiveSeconds(fields, 'explicit_max_ttl')
  const period = positiveSeconds(fields, 'period')
  refuse(period > 0 && !isSudo, 'root or sudo privileges required to create periodic token')
  const ttl = (fields.string('ttl') ?? '') === '' ? positiveSeconds(fields, 'lease') : positiveSeconds(fields, 'ttl')
  const max = lesser('Explicit max TTL', explicitMax, role?.explicitMaxSeconds ?? 0)
  const every = lesser('Period', period, role?.periodSeconds ?? 0)
  const defaultSeconds = isRoot && ttl === 0 && every.seconds === 0 ? max.seconds : ttl
  return {
    limits: { defaultSeconds, maxSeconds: 0, periodSeconds: every.seconds, explicitMaxSeconds: max.seconds },
    warnings: [...max.warnings, ...every.warnings],
  }
}

function lesser(what: string, asked: number, ofRole: number): { seconds: number; warnings: string[] } {
  if (asked === 0 || ofRole === 0) return { seconds: asked || ofRole, warnings: [] }
  const seconds = Math.min(asked, ofRole)
  const text = `${what} specified both during creation call and in role; using the lesser value of ${seconds} seconds`
  return { seconds, warnings: [text] }
}

function positiveSeconds(fields: Fields, name: string): number {
  const text = fields.string(name) ?? ''
  const seconds = parseSeconds(text)
  if (seconds === undefined) throw new VaultError(400, `time: invalid duration "${text.slice(0, 40)}"`)
  refuse(seconds < 0, `${name} must be positive`)
  return seconds
}

function optionalMeta(fields: Fields): { meta?: Record<string, string> } {
  const meta = fields.stringMap('meta')
  return meta === undefined ? {} : { meta }
}

/** Vault replaces everything outside `[a-zA-Z0-9-]`; the name goes into database user names. */
function displayName(asked: string): string {
  return asked === '' ? 'token' : `token-${asked.replace(/[^a-zA-Z0-9-]/g, '-')}`.replace(/-$/, '')
}

function refuse(isRefused: boolean, text: string): void {
  if (isRefused) throw new VaultError(400, text)
}
