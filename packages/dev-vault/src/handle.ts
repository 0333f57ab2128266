import type { AppRoles } from './auth/app-role'
import type { DevVaultListener } from './events'
import type { ArmedFault, Fault } from './switches/faults'
import type { LoggedRequest } from './http/request-log'
import type { Running } from './http/run'
import { type DevVaultState, stateOf } from './state'
import { switchesOf } from './switches/switches'

/** A lease as {@link DevVault.leases} shows it: no password. */
export interface LiveLease {
  readonly id: string
  readonly role: string
  /** The database user. */
  readonly username: string
  /** Whole seconds until it ends; negative if the database refuses to drop the user. */
  readonly ttlSeconds: number
}

/** The server's time, which leases, tokens, retries and delays go by. The database server has its own. */
export interface DevVaultClock {
  /** Now, in ms since 1970. */
  nowMs(): number
  /**
   * Puts the time forward by `ms`. On the way everything happens at its time, in order: leases and tokens end, users are dropped,
   * failed revocations are tried again. Resolves when all of that has run. Rejects with OptionError.
   */
  advance(ms: number): Promise<void>
}

/**
 * Makes the server misbehave, for tests. Each can be undone. Wrong arguments throw OptionError. A `path` is without `/v1/` and query: a
 * whole one, the start of one with `*` at its end, or a regular expression.
 */
export interface DevVaultSwitches {
  /** While on, connections are accepted and cut at once. Leases still end in time. @default true */
  outage(on?: boolean): void
  /** While on, everything but the status paths answers 503, and nothing is revoked; what fell due follows afterwards. @default true */
  seal(on?: boolean): void
  /**
   * Makes the server a standby of no known node (`true`: 500, health 429), or of the one at `leader` (307 with its address); `false`
   * makes it active again. @default true
   */
  standby(on?: boolean | { readonly leader: string }): void
  /** Delays every request by `ms`, or only those to `path`; `0` ends that. A later call takes the place of an earlier one. */
  latency(delay: number | { readonly ms: number; readonly path?: string | RegExp }): void
  /** The next request to `path` (or more, by `times`) meets `fault` instead of its answer. More than one can be armed. */
  failNext(path: string | RegExp, fault: Fault): ArmedFault
  /**
   * Answers 429 to all but `sys/health` and `sys/seal-status`, as a rate limit does, until `false`; with `retryAfterSeconds`, also with
   * the headers that Vault sends if it was told to.
   */
  rateLimit(on: boolean | { readonly retryAfterSeconds: number; readonly path?: string | RegExp }): void
  /** The database refuses the next `times` tries to drop a user; `0` ends that. */
  refuseRevocations(times: number): void
  /** The faults of `failNext` that still wait for a request or hold one. */
  readonly faults: readonly ArmedFault[]
  /** Ends all faults, delays, limits, refusals, outage, seal and standby. */
  clear(): void
}

/** With more than one node. Indexes count from 0, in the order of `addresses`; a wrong one throws OptionError. */
export interface DevVaultNodes {
  /** One per node. */
  readonly addresses: readonly string[]
  /** The index of the active node; `undefined` while there is none. */
  readonly leader: number | undefined
  /**
   * Another node becomes active: the next one, or `index`. First there is none for `leaderlessMs` (0), and standbys answer 500.
   * Resolves when it is done.
   */
  changeLeader(index?: number, options?: { readonly leaderlessMs?: number }): Promise<void>
  /** Ends a node's connections and frees its port. If it was active, another one becomes so, if more than half of the nodes are left. */
  stopNode(index: number, options?: { readonly leaderlessMs?: number }): Promise<void>
  /** Starts it again at its address, as a standby if there is an active one. */
  startNode(index: number): Promise<void>
}

/** A running server. */
export interface DevVault extends DevVaultSwitches, DevVaultNodes {
  /** `http://127.0.0.1:port` of the first node, for `VAULT_ADDR`; https with the option `tls`. */
  readonly address: string
  /** PEM of the authority that signed the server's certificate; absent without TLS. */
  readonly caCertificate: string | undefined
  /** A file with it, for `VAULT_CACERT`, removed by `close`. */
  readonly caPath: string | undefined
  /** May do everything; never ends. */
  readonly rootToken: string
  /** A line that says what this is not for. It is for programs to print: tests should stay silent. */
  readonly notice: string
  readonly clock: DevVaultClock
  /** The last 1000 requests, oldest first, without secrets. */
  readonly requests: readonly LoggedRequest[]
  /** What it holds now, as plain data without secrets. */
  state(): DevVaultState
  /** The role id of an AppRole and a new secret id of it. Throws an Error for an unknown name. */
  appRole(name: string): { readonly roleId: string; readonly secretId: string }
  /** All leases whose database user still exists. */
  leases(): LiveLease[]
  /** Calls `listener` for everything that happens from now on; what it throws is dropped. */
  onEvent(listener: DevVaultListener): void
  /** Drops all database users now. Rejects with ERR_DEV_VAULT_REVOKE if the database refused some. */
  revokeAll(): Promise<void>
  /**
   * Ends all connections, drops all database users and frees the ports. Rejects with ERR_DEV_VAULT_REVOKE, after doing all of that,
   * if the database kept some users. Calling it again gives the same promise.
   */
  close(): Promise<void>
}

/** Everything that a program can do with a running server. */
export function handleOf(running: Running, appRoles: AppRoles | undefined): DevVault {
  const { context, cluster, trust } = running
  const { vault, log } = context
  const own: Omit<DevVault, keyof ReturnType<typeof switchesOf>> = {
    address: cluster.addresses[0]!,
    caCertificate: trust?.caCertificate,
    caPath: trust?.caPath,
    rootToken: vault.rootToken.id,
    notice: `dev-vault at ${cluster.addresses.join(', ')}: for development and tests only, it protects no secret`,
    requests: log,
    state: () => stateOf(vault, cluster),
    appRole: (name) => mintSecretId(appRoles, name),
    leases: () => liveLeases(running),
    onEvent: (listener) => vault.events.add(listener),
    revokeAll: () => vault.leases.revokeAll(),
    close: () => running.close(),
  }
  // Not spread: some of them are read anew each time.
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(switchesOf(running))) as DevVault
}

function mintSecretId(appRoles: AppRoles | undefined, name: string): { roleId: string; secretId: string } {
  const role = appRoles?.get(name)
  if (appRoles === undefined || role === undefined)
    throw new Error(`No AppRole "${name}"; there are: ${appRoles?.names().join(', ') || 'none'}`)
  return { roleId: role.roleId, secretId: appRoles.mint(role).id }
}

function liveLeases({ context, cluster }: Running): LiveLease[] {
  return stateOf(context.vault, cluster).leases.map(({ id, role, username, ttlSeconds }) => ({ id, role, username, ttlSeconds }))
}
