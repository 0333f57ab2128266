import { createPublicKey, type KeyObject } from 'node:crypto'
import { compactVerify, type CompactVerifyGetKey, decodeProtectedHeader } from 'jose'

/** The claims of a token. */
export type Claims = Readonly<Record<string, unknown>>

/** What signed tokens are checked with: public keys, or something that finds the key of a token. */
export type Keys = readonly KeyObject[] | CompactVerifyGetKey

/** All signature algorithms that Vault takes unless it is told otherwise. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'EdDSA'] as const

/** What the claims must be. Seconds of leeway: 0 stands for Vault's default, below 0 for none. */
export interface ExpectedClaims {
  readonly issuer?: string
  readonly subject?: string
  /** Any one of them; none means that none is asked for. */
  readonly audiences?: readonly string[]
  readonly algorithms?: readonly string[]
  readonly expirationLeeway?: number
  readonly notBeforeLeeway?: number
  readonly clockSkewLeeway?: number
  /** Whether a token without any time in it will do. */
  readonly allowsTimeless?: boolean
}

/** Thrown for a token that is not taken. Its text is Vault's and says nothing of the token. */
export class SignedTokenError extends Error {
  readonly isSignature: boolean

  constructor(text: string, isSignature = false) {
    super(isSignature ? `error verifying token signature: ${text}` : text)
    this.name = 'SignedTokenError'
    this.isSignature = isSignature
  }
}

/** A public key, or the one of a certificate, out of PEM text; `undefined` if there is none. */
export function publicKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

/** The claims of a token that one of the keys signed and that is as expected at `nowMs`. Rejects with {@link SignedTokenError}. */
export async function verifiedClaims(token: string, keys: Keys, expected: ExpectedClaims, nowMs: number): Promise<Claims> {
  if (token.split('.').length !== 3) {
    throw new SignedTokenError('go-jose/go-jose: compact JWS format must have three parts', true)
  }
  const claims = await signedClaims(token, keys)
  const algorithms: readonly string[] = expected.algorithms?.length ? expected.algorithms : ALGORITHMS
  if (!algorithms.includes(decodeProtectedHeader(token).alg ?? '')) {
    throw new SignedTokenError('invalid algorithm (alg) header parameter: token signed with unexpected algorithm')
  }
  checkNames(claims, expected)
  checkTimes(claims, expected, Math.floor(nowMs / 1000))
  return claims
}

async function signedClaims(token: string, keys: Keys): Promise<Claims> {
  const finders = typeof keys === 'function' ? [keys] : keys.map((key) => () => key)
  for (const finder of finders) {
    try {
      const { payload } = await compactVerify(token, finder)
      return JSON.parse(Buffer.from(payload).toString('utf8')) as Claims
    } catch {
      // the next key may be the right one
    }
  }
  throw new SignedTokenError('no known key successfully validated the token signature', true)
}

function checkNames(claims: Claims, { issuer = '', subject = '', audiences = [] }: ExpectedClaims): void {
  if (issuer !== '' && issuer !== claims['iss']) throw new SignedTokenError('invalid issuer (iss) claim')
  if (subject !== '' && subject !== claims['sub']) throw new SignedTokenError('invalid subject (sub) claim')
  const named: readonly unknown[] = [claims['aud']].flat()
  if (audiences.length > 0 && !audiences.some((audience) => named.includes(audience))) {
    throw new SignedTokenError('invalid audience (aud) claim: audience claim does not match any expected audience')
  }
}

/** A missing end or begin is made up from the others, as Vault's library does. */
function checkTimes(claims: Claims, expected: ExpectedClaims, now: number): void {
  const issued = seconds(claims['iat'])
  const given = { end: seconds(claims['exp']), begin: seconds(claims['nbf']) }
  if (issued === 0 && given.end === 0 && given.begin === 0) {
    if (expected.allowsTimeless) return
    throw new SignedTokenError('no issued at (iat), not before (nbf), or expiration time (exp) claims in token')
  }
  const end = given.end || Math.max(issued, given.begin) + leeway(expected.expirationLeeway, 150)
  const begin = given.begin || issued || end - leeway(expected.notBeforeLeeway, 150)
  const skew = leeway(expected.clockSkewLeeway, 60)
  if (now + skew < begin) throw new SignedTokenError('invalid not before (nbf) claim: token not yet valid')
  if (now - skew > end) throw new SignedTokenError('invalid expiration time (exp) claim: token is expired')
  if (now + skew < issued) throw new SignedTokenError('invalid issued at (iat) claim: token issued in the future')
}

function leeway(asked = 0, usual: number): number {
  return asked === 0 ? usual : Math.max(asked, 0)
}

function seconds(value: unknown): number {
  return typeof value === 'number' ? Math.floor(value) : 0
}
