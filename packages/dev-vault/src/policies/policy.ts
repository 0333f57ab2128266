/** What a policy can allow on a path; `deny` overrides all others. */
export type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list' | 'sudo' | 'deny' | 'subscribe' | 'recover'

/**
 * Path patterns and what is allowed on them. A pattern is an exact path, may end in `*` (any rest) and may have `+` as a whole
 * segment (any one segment, also an empty one), for example `{ 'database/creds/+': ['read'] }`.
 */
export type PolicyRules = Readonly<Record<string, readonly Capability[]>>

/** Values of parameters by name in lower case; an empty list stands for any value. */
export type Parameters = Readonly<Record<string, readonly unknown[]>>

/** All that a policy may say about one pattern. */
export interface PathRule {
  readonly capabilities: readonly Capability[]
  /** The bounds of the wrapping that a request must ask for; 0 for none. */
  readonly minWrapSeconds?: number
  readonly maxWrapSeconds?: number
  readonly requiredParameters?: readonly string[]
  readonly allowedParameters?: Parameters
  readonly deniedParameters?: Parameters
}

/** A policy by its patterns. */
export type PolicyDocument = Readonly<Record<string, PathRule>>

const CAPABILITIES: ReadonlySet<string> = new Set<Capability>([
  'create',
  'read',
  'update',
  'patch',
  'delete',
  'list',
  'sudo',
  'deny',
  'subscribe',
  'recover',
])

/** Whether `value` is one of Vault's capabilities. */
export function isCapability(value: unknown): value is Capability {
  return typeof value === 'string' && CAPABILITIES.has(value)
}

/** Whether a pattern of a policy covers a path. */
export function patternMatches(pattern: string, path: string): boolean {
  const isPrefix = pattern.endsWith('*')
  const wanted = (isPrefix ? pattern.slice(0, -1) : pattern).split('/')
  const actual = path.split('/')
  if (isPrefix ? actual.length < wanted.length : actual.length !== wanted.length) return false
  return wanted.every((segment, index) => {
    const value = actual[index]!
    if (segment === '+') return true
    return isPrefix && index === wanted.length - 1 ? value.startsWith(segment) : value === segment
  })
}

/**
 * What several policies together say about a path, or `undefined` for nothing. Only the most specific pattern counts, as in Vault
 * (https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching); the same pattern in two policies adds up. A
 * list, whose path ends in `/`, is covered by what is said of the path without it, too.
 */
export function ruleOn(path: string, policies: readonly PolicyDocument[], isList: boolean): PathRule | undefined {
  const patterns = [...new Set(policies.flatMap((rules) => Object.keys(rules)))]
  const folder = isList && path.endsWith('/') ? path.slice(0, -1) : path
  const best =
    patterns.find((pattern) => pattern === path) ??
    patterns.find((pattern) => pattern === folder) ??
    mostSpecific(patterns, folder) ??
    mostSpecific(patterns, path)
  return best === undefined ? undefined : merged(policies.flatMap((rules) => (Object.hasOwn(rules, best) ? [rules[best]!] : [])))
}

/** The capabilities alone; none if `deny` is among them. */
export function capabilitiesOn(path: string, policies: readonly PolicyDocument[]): ReadonlySet<Capability> {
  const found = new Set(ruleOn(path, policies, true)?.capabilities)
  return found.has('deny') ? new Set() : found
}

function mostSpecific(patterns: readonly string[], path: string): string | undefined {
  return patterns.filter((pattern) => patternMatches(pattern, path)).sort(bySpecificity)[0]
}

function merged(rules: readonly PathRule[]): PathRule {
  const positive = (values: readonly (number | undefined)[]): number[] => values.filter((value) => (value ?? 0) > 0) as number[]
  return {
    capabilities: [...new Set(rules.flatMap((rule) => rule.capabilities))],
    minWrapSeconds: Math.min(...positive(rules.map((rule) => rule.minWrapSeconds)), Infinity),
    maxWrapSeconds: Math.max(...positive(rules.map((rule) => rule.maxWrapSeconds)), 0),
    requiredParameters: [...new Set(rules.flatMap((rule) => rule.requiredParameters ?? []))],
    allowedParameters: joined(rules.map((rule) => rule.allowedParameters ?? {})),
    deniedParameters: joined(rules.map((rule) => rule.deniedParameters ?? {})),
  }
}

/** Values for the same parameter add up, and no value at all stays "any". */
function joined(all: readonly Parameters[]): Parameters {
  const result: Record<string, readonly unknown[]> = {}
  for (const [name, values] of all.flatMap((parameters) => Object.entries(parameters))) {
    const older = Object.hasOwn(result, name) ? result[name]! : values
    result[name] = older.length === 0 || values.length === 0 ? [] : [...older, ...values]
  }
  return result
}

/** Most specific first: the later the first wildcard, the better; then without `*`, fewer `+`, longer, alphabetically later. */
function bySpecificity(left: string, right: string): number {
  return (
    firstWildcard(right) - firstWildcard(left) ||
    Number(left.endsWith('*')) - Number(right.endsWith('*')) ||
    plusSegments(left) - plusSegments(right) ||
    right.length - left.length ||
    (left < right ? 1 : -1)
  )
}

function firstWildcard(pattern: string): number {
  const index = pattern.search(/\*$|(?<=^|\/)\+(?=$|\/|\*)/)
  return index === -1 ? Number.MAX_SAFE_INTEGER : index
}

function plusSegments(pattern: string): number {
  return pattern.split('/').filter((segment) => segment === '+').length
}
