import type { Fields, FieldSchema } from '../http/fields'
import { VaultError } from '../http/respond'
import type { RoleLimits } from '../tokens/ttl'
import { parseAddresses } from './cidr'

/** What a login role says about its tokens: the `token_…` fields, alike in all login methods. Seconds; 0 means nothing is said. */
export interface TokenParameters {
  readonly boundCidrs: readonly string[]
  readonly explicitMaxTtlSeconds: number
  readonly maxTtlSeconds: number
  readonly noDefaultPolicy: boolean
  readonly numUses: number
  readonly periodSeconds: number
  readonly policies: readonly string[]
  readonly ttlSeconds: number
  readonly type: 'default' | 'service' | 'batch'
  /** Those that were written by their old name and are therefore shown under it, too. */
  readonly oldNames: ReadonlySet<string>
}

/** Nothing said. */
export const NO_TOKEN_PARAMETERS: TokenParameters = {
  boundCidrs: [],
  explicitMaxTtlSeconds: 0,
  maxTtlSeconds: 0,
  noDefaultPolicy: false,
  numUses: 0,
  periodSeconds: 0,
  policies: [],
  ttlSeconds: 0,
  type: 'default',
  oldNames: new Set(),
}

/** The fields of {@link readTokenParameters}. */
export const TOKEN_FIELDS: FieldSchema = {
  token_bound_cidrs: 'list',
  token_explicit_max_ttl: 'seconds',
  token_max_ttl: 'seconds',
  token_no_default_policy: 'boolean',
  token_num_uses: 'integer',
  token_period: 'seconds',
  token_policies: 'list',
  token_ttl: 'seconds',
  token_type: 'string',
}

/** The parameters with the fields that were sent. Throws 400 for what Vault refuses. */
export function readTokenParameters(fields: Fields, before: TokenParameters): TokenParameters {
  const cidrs = fields.list('token_bound_cidrs')
  const after: TokenParameters = {
    boundCidrs: cidrs === undefined ? before.boundCidrs : readBoundCidrs(cidrs),
    explicitMaxTtlSeconds: fields.seconds('token_explicit_max_ttl') ?? before.explicitMaxTtlSeconds,
    maxTtlSeconds: fields.seconds('token_max_ttl') ?? before.maxTtlSeconds,
    noDefaultPolicy: fields.boolean('token_no_default_policy') ?? before.noDefaultPolicy,
    numUses: fields.integer('token_num_uses') ?? before.numUses,
    periodSeconds: fields.seconds('token_period') ?? before.periodSeconds,
    policies: fields.list('token_policies') ?? before.policies,
    ttlSeconds: fields.seconds('token_ttl') ?? before.ttlSeconds,
    type: readType(fields.string('token_type')) ?? before.type,
    oldNames: before.oldNames,
  }
  checkTogether(after)
  return after
}

/** As Vault keeps them. Throws 400 for an address that is none; `prefix` goes before the text. */
export function readBoundCidrs(texts: readonly string[], prefix = ''): readonly string[] {
  const parsed = parseAddresses(texts)
  if ('blocks' in parsed) return parsed.blocks
  const { wrong } = parsed
  const why = `error parsing address "${wrong}": Unable to convert "${wrong}" to an IPv4 or IPv6 address, or a UNIX Socket`
  throw new VaultError(400, `${prefix}${why}`)
}

/** As the role is read back. */
export function describeTokenParameters(parameters: TokenParameters): Record<string, unknown> {
  return {
    token_bound_cidrs: parameters.boundCidrs,
    token_explicit_max_ttl: parameters.explicitMaxTtlSeconds,
    token_max_ttl: parameters.maxTtlSeconds,
    token_no_default_policy: parameters.noDefaultPolicy,
    token_num_uses: parameters.numUses,
    token_period: parameters.periodSeconds,
    token_policies: parameters.policies,
    token_ttl: parameters.ttlSeconds,
    token_type: parameters.type,
  }
}

/** The lifetimes of its tokens. */
export function limitsOf(parameters: TokenParameters): RoleLimits {
  return {
    defaultSeconds: parameters.ttlSeconds,
    maxSeconds: parameters.maxTtlSeconds,
    periodSeconds: parameters.periodSeconds,
    explicitMaxSeconds: parameters.explicitMaxTtlSeconds,
  }
}

function readType(text: string | undefined): TokenParameters['type'] | undefined {
  if (text === undefined) return undefined
  if (text === '' || text === 'default') return 'default'
  if (text === 'service' || text === 'batch') return text
  throw new VaultError(400, `invalid 'token_type' value "${text}"`)
}

function checkTogether({ numUses, type, periodSeconds, ttlSeconds, maxTtlSeconds }: TokenParameters): void {
  const refuse = (text: string): never => {
    throw new VaultError(400, text)
  }
  const batch = "'token_type' cannot be 'batch' or 'default_batch' when set to generate"
  if (numUses < 0) refuse("'token_num_uses' cannot be negative")
  if (type === 'batch' && periodSeconds !== 0) refuse(`${batch} periodic tokens`)
  if (type === 'batch' && numUses !== 0) refuse(`${batch} tokens with limited use count`)
  if (ttlSeconds > 0 && maxTtlSeconds > 0 && ttlSeconds > maxTtlSeconds) {
    refuse("'token_ttl' cannot be greater than 'token_max_ttl'")
  }
}
