import { formatSeconds } from '../durations'

/** Vault's system default and system maximum: 768 h. */
export const SYSTEM_TTL_SECONDS = 2_764_800

/** What a mount says about lifetimes. Both are positive. */
export interface MountLimits {
  readonly defaultSeconds: number
  readonly maxSeconds: number
}

/** What a role says about lifetimes. 0 means that it says nothing. */
export interface RoleLimits {
  readonly defaultSeconds: number
  readonly maxSeconds: number
  /** Above 0, every renewal gives exactly this, and only `explicitMaxSeconds` ends it. */
  readonly periodSeconds?: number
  readonly explicitMaxSeconds?: number
}

/** One issue (`issuedMs` is `nowMs`) or one renewal. Instants are ms since 1970. */
export interface TtlRequest {
  readonly nowMs: number
  /** When the lease was created; renewals never move it. */
  readonly issuedMs: number
  /** 0 or less asks for the default. */
  readonly incrementSeconds: number
  readonly role: RoleLimits
  readonly mount: MountLimits
}

/** How long a lease or token lives from now on. */
export interface GrantedTtl {
  readonly seconds: number
  readonly warnings: readonly string[]
}

/** Nothing is left of the maximum. Its text is Vault's. */
export class PastMaxTtlError extends Error {
  constructor() {
    super('past the max TTL, cannot renew')
    this.name = 'PastMaxTtlError'
  }
}

/**
 * Vault's lease arithmetic, in whole seconds (sdk/framework/lease.go): the asked or default ttl, capped at what is left of the
 * maximum, which counts from the issue. Throws {@link PastMaxTtlError} if nothing is left.
 */
export function grantTtl(request: TtlRequest): GrantedTtl {
  const { role, mount } = request
  const explicitMax = role.explicitMaxSeconds ?? 0
  if (role.periodSeconds !== undefined && role.periodSeconds > 0) {
    const period = capped('Period', role.periodSeconds, mount.maxSeconds)
    return explicitMax > 0 ? combine(period, capped('TTL', period.seconds, secondsLeft(request, explicitMax))) : period
  }
  const max = Math.min(...[mount.maxSeconds, role.maxSeconds, explicitMax].filter((seconds) => seconds > 0))
  return capped('TTL', wantedSeconds(request), secondsLeft(request, max))
}

function wantedSeconds({ incrementSeconds, role, mount }: TtlRequest): number {
  if (incrementSeconds > 0) return incrementSeconds
  return role.defaultSeconds > 0 ? role.defaultSeconds : mount.defaultSeconds
}

function secondsLeft({ issuedMs, nowMs }: TtlRequest, maxSeconds: number): number {
  const left = Math.floor(issuedMs / 1000) + maxSeconds - Math.floor(nowMs / 1000)
  if (left <= 0) throw new PastMaxTtlError()
  return left
}

function capped(what: 'TTL' | 'Period', seconds: number, limit: number): GrantedTtl {
  if (seconds <= limit) return { seconds, warnings: [] }
  const asked = formatSeconds(seconds)
  const allowed = formatSeconds(limit)
  return {
    seconds: limit,
    warnings: [`${what} of "${asked}" exceeded the effective max_ttl of "${allowed}"; ${what} value is capped accordingly`],
  }
}

function combine(first: GrantedTtl, second: GrantedTtl): GrantedTtl {
  return { seconds: second.seconds, warnings: [...first.warnings, ...second.warnings] }
}
