/** What a source knows of one lease, as of its last answer. Instants are of the clock's monotonic `nowMs()`. */
export interface Lease {
  /** Vault's `lease_id`. Who knows it can renew and revoke: never printed, see {@link leaseName}. */
  readonly id: string
  /** When the lease was created; renewals never move it. */
  readonly issuedAtMs: number
  /** When the answer that `endsAtMs` comes from was asked for. */
  readonly renewedAtMs: number
  readonly endsAtMs: number
  /** What is asked for at each renewal, in ms: the duration that the lease was issued with. */
  readonly ttlMs: number
  readonly renewable: boolean
  /** The last answer gave less than was asked for: `endsAtMs` is as late as it gets. */
  readonly truncated: boolean
  /** Of the answer that `endsAtMs` comes from: Vault's id of the request, to find it in its audit log. */
  readonly requestId?: string
}

/**
 * Where a lease stands. Each state holds only what is true in it; all legal moves are in {@link next}.
 *
 * `held`: renew when due. `renewing`: a renewal, or the pause after a failed one, is under way.
 * `spent`: valid to its end, but Vault will not extend it. `ended`: nothing is owed any more.
 */
export type LeaseState =
  | { readonly kind: 'held'; readonly lease: Lease }
  | { readonly kind: 'renewing'; readonly lease: Lease; readonly attempt: number }
  | { readonly kind: 'spent'; readonly lease: Lease }
  | { readonly kind: 'ended'; readonly lease: Lease; readonly reason: LeaseEndReason }

/** `lost`: Vault no longer knows the lease. `expired`: its time ran out. `revoked`: we gave it back. */
export type LeaseEndReason = 'lost' | 'expired' | 'revoked'

export type LeaseSignal =
  | { readonly type: 'due' }
  | { readonly type: 'renewed'; readonly lease: Lease }
  | { readonly type: 'failed' }
  | { readonly type: 'refused' }
  | { readonly type: 'ended'; readonly reason: LeaseEndReason }

/** The state in which a lease starts. */
export function heldOrSpent(lease: Lease): LeaseState {
  return lease.renewable && !lease.truncated ? { kind: 'held', lease } : { kind: 'spent', lease }
}

/** The state after a signal; `undefined` means that the signal came too late to matter: keep the state. */
export function next(state: LeaseState, signal: LeaseSignal): LeaseState | undefined {
  if (state.kind === 'ended') return undefined
  switch (signal.type) {
    case 'due':
      return state.kind === 'held' ? { kind: 'renewing', lease: state.lease, attempt: 1 } : undefined
    case 'renewed':
      return state.kind === 'renewing' ? heldOrSpent(signal.lease) : undefined
    case 'failed':
      return state.kind === 'renewing' ? { ...state, attempt: state.attempt + 1 } : undefined
    case 'refused':
      return { kind: 'spent', lease: { ...state.lease, renewable: false } }
    case 'ended':
      return { kind: 'ended', lease: state.lease, reason: signal.reason }
  }
}
