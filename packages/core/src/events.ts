import type { Health, HealthReason } from './health'
import type { HeldConnection } from './pool'

/**
 * Why a new credential was taken. `source-changed`: the source has another one (a file was written, a static role's password changed).
 * `source-recovered`: a better source is back. `lease-ending`: the lease was not renewed in time, and another source is there to take over.
 * `login-refused`: the database no longer takes the current one. `woke-up`: the machine was
 * suspended, and the lease cannot be renewed to find out whether it still lives.
 */
export type RotationReason =
  | 'start'
  | 'max-ttl'
  | 'not-renewable'
  | 'lease-lost'
  | 'token-ending'
  | 'source-changed'
  | 'source-recovered'
  | 'lease-ending'
  | 'login-refused'
  | 'woke-up'
  | 'manual'

/** Why a source may ask for a rotation by itself. */
export type SourceRotationReason = Extract<
  RotationReason,
  'token-ending' | 'source-changed' | 'source-recovered' | 'lease-ending'
>

/** What a source reports, passed on as events. */
export type SourceReport =
  | { readonly type: 'loggedIn'; readonly event: LeasedCredentialsEvents['loggedIn'][0] }
  | { readonly type: 'tokenRenewed'; readonly event: LeasedCredentialsEvents['tokenRenewed'][0] }
  | { readonly type: 'tokenRenewFailed'; readonly event: LeasedCredentialsEvents['tokenRenewFailed'][0] }
  | { readonly type: 'tokenSpent'; readonly event: LeasedCredentialsEvents['tokenSpent'][0] }
  | { readonly type: 'sourceCheckFailed'; readonly event: LeasedCredentialsEvents['sourceCheckFailed'][0] }
  | { readonly type: 'sourceChecked'; readonly event: LeasedCredentialsEvents['sourceChecked'][0] }
  | { readonly type: 'fellBack'; readonly event: LeasedCredentialsEvents['fellBack'][0] }
  | { readonly type: 'cameBack'; readonly event: LeasedCredentialsEvents['cameBack'][0] }

/**
 * What a `LeasedCredentials` says it did, for `node:events`. Payloads hold no secrets; `lease` is a short hash of the lease id.
 * `requestId` is Vault's, for its audit log. None is called `error`: no listener must never mean a crash.
 */
export interface LeasedCredentialsEvents {
  /** A new credential came from the source; nobody uses it yet. */
  issued: [
    event: { generation: number; username: string; lease: string | undefined; ttlMs: number | undefined; requestId?: string },
  ]
  /** The lease was extended by Vault. `truncated`: it gave less than was asked for, the role's max_ttl is in sight. */
  renewed: [event: { generation: number; lease: string; ttlMs: number; truncated: boolean; requestId?: string }]
  /** A renewal failed; it is tried again after `retryInMs`, or not at all when that is `undefined`. */
  renewFailed: [event: { generation: number; attempt: number; retryInMs: number | undefined; cause: unknown }]
  /** A rotation began. */
  rotationStarted: [event: { from: number; reason: RotationReason }]
  /** No slot of the pool came free in time, so the candidate is promoted without having logged in once. */
  probeSkipped: [event: { pool: string; generation: number; waitedMs: number }]
  /** The candidate could not log in this time. */
  probeFailed: [event: { pool: string; generation: number; attempt: number; cause: unknown }]
  /** All pools log in with the new credential from now on. */
  rotated: [event: { from: number; to: number; username: string; reason: RotationReason; tookMs: number }]
  /** A rotation did not happen: the current credential serves on; the next try comes after `retryInMs` unless it was asked for by hand. */
  rotationFailed: [
    event: { generation: number; reason: RotationReason; attempt: number; retryInMs: number | undefined; cause: unknown },
  ]
  /** A borrowed connection of a retired generation was cancelled and closed at the drain deadline. */
  connectionForced: [event: { pool: string } & HeldConnection]
  /**
   * A pinned connection of a retired generation stays open beyond the drain deadline. It is closed by force after `forMs`, when its user ends;
   * `undefined`: not by itself.
   */
  pinnedConnectionKept: [event: { pool: string; forMs: number | undefined } & HeldConnection]
  /** A connection has been borrowed for longer than the pool's `leakWarnMs`; said once for each borrow. */
  leakSuspected: [event: { pool: string } & HeldConnection]
  /** No connection of this generation is left. `deadline`: some had to be closed by force. */
  drained: [event: { generation: number; reason: 'idle' | 'deadline'; waitedMs: number }]
  /** The lease was given back: Vault has dropped the database user. */
  revoked: [event: { generation: number; lease: string }]
  /** The lease could not be given back and will end by itself after `endsInMs`. */
  revokeFailed: [event: { generation: number; lease: string; endsInMs: number; cause: unknown }]
  /** Vault accepted a login. `ttlMs` is `undefined` for a token that does not end. */
  loggedIn: [event: { method: string; ttlMs: number | undefined; requestId?: string }]
  tokenRenewed: [event: { ttlMs: number; truncated: boolean; requestId?: string }]
  tokenRenewFailed: [event: { attempt: number; retryInMs: number | undefined; cause: unknown }]
  /** The Vault token cannot be renewed past `endsInMs`. With `canLogIn` a new one is taken and the credential rotated. */
  tokenSpent: [event: { endsInMs: number; canLogIn: boolean }]
  /**
   * A source that has to be looked at, such as a file or a static role, could not be read: the current credential serves on. It is looked
   * at again after `retryInMs`.
   */
  sourceCheckFailed: [event: { source: string; attempt: number; retryInMs: number; cause: unknown }]
  /** It can be read again. */
  sourceChecked: [event: { source: string }]
  /** A source of a `fallback` other than the first serves from now on, `cause` being what was wrong with the one that should. */
  fellBack: [event: { from: string; to: string; cause: unknown }]
  /** The first source of a `fallback` serves again. */
  cameBack: [event: { from: string; to: string }]
  /**
   * The database no longer takes the current credential: it was revoked, locked, or never allowed in. Said once for each; a new one is
   * taken at once.
   */
  loginRefused: [event: { generation: number; cause: unknown }]
  /** So many logins were refused that nobody tries any more, for `forMs` or until there is a new credential. */
  loginsPaused: [event: { generation: number; refused: number; forMs: number }]
  /** Whether queries work, and will: `reasons` are empty when all is well. `endsInMs`: until the current credential ends. */
  healthChanged: [
    event: { from: Health['state']; to: Health['state']; reasons: readonly HealthReason[]; endsInMs: number | undefined },
  ]
  /** The machine was suspended, or its clock set forward: so much time had gone by unnoticed. The lease is renewed at once. */
  wokeUp: [event: { missedMs: number }]
  closed: [event: { waitedMs: number }]
}

/** Tells the handle's listeners; never throws. */
export type Emit = <K extends keyof LeasedCredentialsEvents>(name: K, event: LeasedCredentialsEvents[K][0]) => void
