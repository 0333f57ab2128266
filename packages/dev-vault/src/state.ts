import type { Cluster } from './http/cluster'
import type { Vault } from './vault'

/** What a server holds, as plain data without secrets. Instants are ms since 1970 of the server's clock. */
export interface DevVaultState {
  readonly sealed: boolean
  /** True if no node of this server is active. */
  readonly standby: boolean
  /** Paths with `/` at the end, with the type of what is mounted there. */
  readonly mounts: Readonly<Record<string, string>>
  readonly policies: readonly string[]
  readonly tokens: readonly TokenState[]
  readonly leases: readonly LeaseState[]
  /** Database connections and roles, as `<mount>/<name>`. */
  readonly connections: readonly string[]
  readonly roles: readonly string[]
}

/** A live token. */
export interface TokenState {
  /** `''` for batch tokens. */
  readonly accessor: string
  readonly displayName: string
  readonly policies: readonly string[]
  /** Absent: it never ends. */
  readonly ttlSeconds?: number
  /** Absent: an orphan. */
  readonly parentAccessor?: string
}

/** A lease whose database user still exists. */
export interface LeaseState {
  readonly id: string
  readonly role: string
  readonly username: string
  /** Whole seconds until it ends; negative if the database refuses to drop the user. */
  readonly ttlSeconds: number
  readonly issuedMs: number
  /** Absent: never renewed. */
  readonly lastRenewalMs?: number
  readonly renewals: number
  /** Of the token whose end ends it. */
  readonly ownerAccessor: string
}

/** Looks at everything at once. */
export function stateOf(vault: Vault, cluster: Cluster): DevVaultState {
  const mounts = vault.mounts.all()
  const named = (kind: 'connections' | 'roles'): string[] =>
    mounts.flatMap(({ path, backend }) => (backend.describe?.()[kind] ?? []).map((name) => `${path}${name}`))
  return {
    sealed: vault.isSealed,
    standby: cluster.leader === undefined,
    mounts: Object.fromEntries(mounts.map(({ path, backend }) => [path, backend.type])),
    policies: vault.policies.names(),
    tokens: tokensOf(vault),
    leases: leasesOf(vault),
    connections: named('connections'),
    roles: named('roles'),
  }
}

function tokensOf({ tokens, time }: Vault): TokenState[] {
  return tokens.all().map(({ accessor, displayName, policies, expiresMs, parent }) => ({
    accessor,
    displayName,
    policies,
    ...(expiresMs === undefined ? {} : { ttlSeconds: secondsUntil(expiresMs, time.nowMs()) }),
    ...(parent === undefined ? {} : { parentAccessor: parent.accessor }),
  }))
}

function leasesOf({ leases, time }: Vault): LeaseState[] {
  return leases.all().map(({ id, secret, expiresMs, issuedMs, lastRenewalMs, renewals, owner }) => ({
    id,
    role: secret.role,
    username: secret.username,
    ttlSeconds: secondsUntil(expiresMs, time.nowMs()),
    issuedMs,
    ...(lastRenewalMs === undefined ? {} : { lastRenewalMs }),
    renewals,
    ownerAccessor: owner.accessor,
  }))
}

function secondsUntil(instantMs: number, nowMs: number): number {
  return Math.trunc((instantMs - nowMs) / 1000)
}
