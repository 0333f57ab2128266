import type { CredentialInUse } from './credential-in-use'
import type { Health } from './health'
import type { PoolStats } from './pool'

/** What `LeasedCredentials.status()` gives: one plain object, safe to print and to serialise. Durations in ms from now. */
export interface LeasedCredentialsStatus {
  readonly state: 'serving' | 'closed'
  readonly health: Health
  readonly source: string
  readonly generation: number
  readonly username: string
  /** The earliest of all that ends the credential, which one that is, and how long until then; `undefined` when nothing does. */
  readonly endsInMs: number | undefined
  readonly endsBecause: 'lease' | 'max-ttl' | 'token' | undefined
  /** Age of the lease. */
  readonly ageMs: number | undefined
  /** The role's max_ttl where it is known, given or learned. */
  readonly maxTtlMs: number | undefined
  /** When the next rotation is planned. */
  readonly rotatesInMs: number | undefined
  readonly isRotating: boolean
  /** Failed attempts since the last rotation that succeeded. */
  readonly failedRotations: number
  /** Earlier generations that still have connections, or whose lease is not given back yet. */
  readonly draining: readonly number[]
  readonly pools: readonly PoolStats[]
}

export function statusOf(facts: {
  state: 'serving' | 'closed'
  health: Health
  source: string
  nowMs: number
  current: CredentialInUse
  maxTtlMs: number | undefined
  rotateAtMs: number | undefined
  isRotating: boolean
  failedRotations: number
  draining: readonly CredentialInUse[]
  pools: readonly PoolStats[]
}): LeasedCredentialsStatus {
  const { current, nowMs } = facts
  const { generation, username } = current.credential
  const end = current.effectiveEnd
  const until = (atMs: number | undefined): number | undefined => (atMs === undefined ? undefined : Math.round(atMs - nowMs))
  return {
    state: facts.state,
    health: facts.health,
    source: facts.source,
    generation,
    username,
    endsInMs: until(end?.atMs),
    endsBecause: end?.because,
    ageMs: current.lease && Math.round(nowMs - current.lease.issuedAtMs),
    maxTtlMs: facts.maxTtlMs,
    rotatesInMs: until(facts.rotateAtMs),
    isRotating: facts.isRotating,
    failedRotations: facts.failedRotations,
    draining: facts.draining.map(({ credential }) => credential.generation),
    pools: facts.pools,
  }
}
