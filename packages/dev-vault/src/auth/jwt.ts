import type { Claims, Keys } from './signed-token'
import { globMatches } from './glob'
import type { TokenParameters } from './token-parameters'

/** `config` of a JWT mount. */
export interface JwtConfig {
  readonly boundIssuer: string
  readonly defaultRole: string
  readonly supportedAlgorithms: readonly string[]
  readonly pemKeys: readonly string[]
  readonly jwksUrl: string
  readonly jwksCa: string
  readonly namespaceInState: boolean
  readonly keys: Keys
}

/** A login role of a JWT mount. Leeways in seconds: 0 stands for Vault's default, below 0 for none. */
export interface JwtRole {
  /** `oidc` roles can be kept, but nobody can log in with them here. */
  readonly type: 'jwt' | 'oidc'
  readonly boundAudiences: readonly string[] | null
  readonly boundSubject: string
  readonly boundClaims: Claims | null
  readonly boundClaimsType: 'string' | 'glob'
  /** From claims to the names they get in the token's metadata. */
  readonly claimMappings: Readonly<Record<string, string>> | null
  readonly userClaim: string
  readonly isUserClaimPointer: boolean
  readonly groupsClaim: string
  readonly expirationLeeway: number
  readonly notBeforeLeeway: number
  readonly clockSkewLeeway: number
  /** Only shown again; it matters for the browser flow alone. */
  readonly oidc: {
    readonly scopes: readonly string[] | null
    readonly redirectUris: readonly string[] | null
    readonly isVerbose: boolean
    readonly maxAgeSeconds: number
  }
  readonly parameters: TokenParameters
}

/** Config and roles, by names in lower case, of one JWT mount. */
export class JwtLogins {
  config: JwtConfig | undefined
  readonly roles = new Map<string, JwtRole>()
}

/** Who the claims say it is. Throws an Error with Vault's text for claims that are missing or of a wrong type. */
export function userOf(claims: Claims, role: JwtRole): { name: string; meta: Record<string, string> } {
  const { userClaim, isUserClaimPointer, groupsClaim } = role
  const name = isUserClaimPointer ? claimAt(claims, userClaim) : claims[userClaim]
  if (name === undefined || name === null) throw new Error(`claim "${userClaim}" not found in token`)
  if (typeof name !== 'string') throw new Error(`claim "${userClaim}" could not be converted to string`)
  const meta: Record<string, string> = {}
  for (const [claim, target] of Object.entries(role.claimMappings ?? {})) {
    const value = claimAt(claims, claim)
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw new Error(`error converting claim '${claim}' to string`)
    meta[target] = value
  }
  if (groupsClaim !== '') checkGroups(claimAt(claims, groupsClaim), groupsClaim)
  return { name, meta }
}

/** Throws an Error with Vault's text for the first claim that is not as the role binds it. */
export function checkBoundClaims(claims: Claims, { boundClaims, boundClaimsType }: JwtRole): void {
  for (const [claim, bound] of Object.entries(boundClaims ?? {})) {
    const actual = claimAt(claims, claim)
    if (actual === undefined || actual === null) throw new Error(`claim "${claim}" is missing`)
    if (!isSimple(actual)) throw new Error(`received claim is not a string, bool, int or list: ${goText(actual)}`)
    if (!isSimple(bound)) throw new Error(`bound claim is not a string, bool, int or list: ${goText(bound)}`)
    if (!isAnyAlike([bound].flat(), valuesOf(actual), boundClaimsType === 'glob')) {
      throw new Error(`claim "${claim}" does not match any associated bound claim values`)
    }
  }
}

/** As Go prints a value in such texts. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (value === undefined || value === null) return '<nil>'
  if (typeof value !== 'object') return JSON.stringify(value).replace(/^"|"$/g, '')
  const items = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${items.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`
}

/** The values that a claim holds. Vault never finds numbers within lists alike, since it reads them as another type. */
function valuesOf(claim: unknown): readonly unknown[] {
  return Array.isArray(claim) ? claim.filter((item) => typeof item !== 'number') : [claim]
}

function isAnyAlike(bound: readonly unknown[], actual: readonly unknown[], isGlob: boolean): boolean {
  const isAlike = (pattern: unknown, value: unknown): boolean =>
    isGlob ? typeof pattern === 'string' && typeof value === 'string' && globMatches(pattern, value) : pattern === value
  return bound.some((pattern) => actual.some((value) => isAlike(pattern, value)))
}

function isSimple(value: unknown): boolean {
  return Array.isArray(value) || typeof value !== 'object'
}

function checkGroups(value: unknown, claim: string): void {
  if (value === undefined || value === null) throw new Error(`failed to fetch groups: "${claim}" claim not found in token`)
  if (!isSimple(value)) throw new Error(`"${claim}" claim could not be converted to string list`)
  const wrong = [value].flat().find((group) => typeof group !== 'string')
  if (wrong !== undefined) throw new Error(`value ${goText(wrong)} in groups claim could not be parsed as string`)
}

/** A claim by its name or, with a leading slash, by a JSON pointer (RFC 6901). */
function claimAt(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return claims[name]
  let value: unknown = claims
  for (const part of name.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Claims)[key]
  }
  return value
}
