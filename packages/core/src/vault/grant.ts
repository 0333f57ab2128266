import { VaultAnswerError, VaultLoginError, type VaultRequestInfo } from '../errors'
import { recordAt, requestIdOf, type RequestId } from './json'

/** A Vault token as Vault describes it. */
export interface TokenGrant extends RequestId {
  readonly token: string
  /** `undefined` for a token that does not end. */
  readonly ttlMs: number | undefined
  readonly renewable: boolean
  /** Vault gave less than was asked for. */
  readonly truncated: boolean
  /** What is left of its explicit_max_ttl, where the answer tells. */
  readonly hardEndInMs?: number
}

/** Vault says so, in these words, whenever a duration is cut (`sdk/framework/lease.go`). */
const TRUNCATED = /exceeded the effective max_ttl/

/** The token in the answer to a login, or to a renewal of the token `known`. */
export function grantOf(info: VaultRequestInfo, body: Record<string, unknown>, known?: string): TokenGrant {
  const auth = recordAt(body, 'auth')
  if (auth === undefined) throw bad(info, 'no auth in the answer')
  if (recordAt(auth, 'mfa_requirement') !== undefined) {
    throw new VaultLoginError(info, 'mfa-required', 'Vault asks for a second factor (login MFA), which leasepool cannot give')
  }
  const token = known ?? auth['client_token']
  if (typeof token !== 'string' || token === '') throw bad(info, 'no auth.client_token in the answer')
  const seconds = auth['lease_duration']
  if (typeof seconds !== 'number' || seconds < 0) throw bad(info, 'no auth.lease_duration in the answer')
  if (known === undefined) refuseCounted(info, auth['num_uses'])
  return {
    token,
    ttlMs: seconds === 0 ? undefined : seconds * 1000,
    renewable: auth['renewable'] === true,
    truncated: hasTruncation(body),
    ...requestIdOf(body),
  }
}

/** The token in the answer to a look-up of itself. */
export function lookedUp(info: VaultRequestInfo, body: Record<string, unknown>, token: string): TokenGrant {
  const data = recordAt(body, 'data') ?? {}
  const { ttl } = data
  if (typeof ttl !== 'number') throw bad(info, 'no data.ttl in the answer')
  refuseCounted(info, data['num_uses'])
  const ends = ttl > 0 || typeof data['expire_time'] === 'string' // in its last second it has a ttl of 0
  const hardEndInMs = hardEndOf(data)
  return {
    token,
    ttlMs: ends ? Math.max(1, ttl) * 1000 : undefined,
    renewable: data['renewable'] === true,
    truncated: false,
    ...(hardEndInMs === undefined ? {} : { hardEndInMs }),
  }
}

export function hasTruncation(body: Record<string, unknown>): boolean {
  const { warnings } = body
  return Array.isArray(warnings) && warnings.some((text) => TRUNCATED.test(String(text)))
}

/** 0 means unlimited. A token in its last use has a negative number. */
function refuseCounted(info: VaultRequestInfo, uses: unknown): void {
  if (typeof uses !== 'number' || uses === 0) return
  const problem = 'the token has a limited number of uses (num_uses) and would run out; leasepool needs one without'
  throw new VaultLoginError(info, 'limited-uses', problem)
}

/** What explicit_max_ttl leaves of a token that was looked up, by Vault's own clock, which `expire_time` and `ttl` tell. */
function hardEndOf(data: Record<string, unknown>): number | undefined {
  const { explicit_max_ttl: maximum, creation_time: createdAt, expire_time: expiresAt, ttl } = data
  if (typeof maximum !== 'number' || maximum <= 0 || typeof createdAt !== 'number' || typeof ttl !== 'number') return undefined
  const nowSeconds = Date.parse(String(expiresAt)) / 1000 - ttl
  return Number.isFinite(nowSeconds) ? Math.max(0, Math.round((createdAt + maximum - nowSeconds) * 1000)) : undefined
}

function bad(info: VaultRequestInfo, problem: string): VaultAnswerError {
  return new VaultAnswerError(info, problem, 200)
}
