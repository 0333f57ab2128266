import { DevVaultError, textOf } from '../errors'
import type { DevVaultListener } from '../events'
import { Refusals } from '../switches/refusals'
import { multiError, VaultError } from '../http/respond'
import { MAX_REVOCATION_ATTEMPTS, revocationDelayMs } from './revocation-schedule'
import type { Alarm, Time } from '../time'
import type { Token, Tokens } from '../tokens/tokens'
import { type GrantedTtl, grantTtl, type MountLimits, type RoleLimits } from '../tokens/ttl'

/** What is leased, and how its engine changes and ends it. */
export interface LeasedSecret {
  readonly role: string
  readonly username: string
  /** Read at every renewal; throws if the role is gone. */
  readonly limits: () => RoleLimits
  readonly mountLimits: () => MountLimits
  readonly extend: (expiresMs: number) => Promise<void>
  readonly revoke: () => Promise<void>
  /** Ends it by other means than the role's own, for when the server closes. */
  readonly discard: () => Promise<void>
}

/** One lease. Instants are ms since 1970. */
export interface Lease {
  readonly id: string
  readonly owner: Token
  readonly secret: LeasedSecret
  readonly issuedMs: number
  expiresMs: number
  lastRenewalMs: number | undefined
  /** How often it was renewed. */
  renewals: number
  /** Its end has come, and the database is being told. */
  isEnding: boolean
  /** It ended because its time was over. */
  hasExpired: boolean
  /** Failures in a row of the background revocation. */
  failures: number
  /** What the last of them said; `''` before. */
  lastError: string
  alarm: Alarm | undefined
  /** Renewals and revocations of one lease run one after the other. */
  tail: Promise<unknown>
}

/** All leases of secrets, their timers and their revocation. */
export class Leases {
  readonly #time: Time
  readonly #tokens: Tokens
  readonly #tell: DevVaultListener
  readonly #leases = new Map<string, Lease>()
  readonly #held = new Set<Lease>()
  /** Lets revocations fail, for tests. */
  readonly refusals = new Refusals()
  #isPaused = false
  #isClosed = false

  constructor(time: Time, tokens: Tokens, tell: DevVaultListener) {
    this.#time = time
    this.#tokens = tokens
    this.#tell = tell
  }

  get(id: string): Lease | undefined {
    return this.#leases.get(id)
  }

  all(): Lease[] {
    return [...this.#leases.values()]
  }

  isIrrevocable(lease: Lease): boolean {
    return lease.failures >= MAX_REVOCATION_ATTEMPTS
  }

  /** Seconds that a lease of this token may get: the end of a batch token ends its leases, that of a service token is not looked at. */
  cappedSeconds(owner: Token, seconds: number): number {
    if (owner.type !== 'batch' || owner.expiresMs === undefined) return seconds
    return Math.min(seconds, Math.floor((owner.expiresMs - this.#time.nowMs()) / 1000))
  }

  /** Takes over a secret that exists already. If its token ended meanwhile or nobody waits for it, it is revoked and this throws. */
  register(id: string, owner: Token, secret: LeasedSecret, seconds: number, isGone: () => boolean): Lease {
    const nowMs = this.#time.nowMs()
    const expiresMs = nowMs + seconds * 1000
    const state = {
      lastRenewalMs: undefined,
      renewals: 0,
      isEnding: false,
      hasExpired: false,
      failures: 0,
      lastError: '',
      alarm: undefined,
      tail: Promise.resolve(),
    }
    const lease: Lease = { id, owner, secret: this.refusals.before(secret), issuedMs: nowMs, expiresMs, ...state }
    this.#leases.set(id, lease)
    if (!this.#tokens.isLive(owner))
      throw this.#refused(lease, new VaultError(403, multiError('permission denied', 'invalid token')))
    if (isGone()) throw this.#refused(lease, new VaultError(500, multiError('context canceled')))
    this.#arm(lease)
    this.#tell({ type: 'issued', ...named(lease), ttlSeconds: seconds })
    return lease
  }

  /** Extends a lease by `incrementSeconds` (0: the role's default) from now. Throws 400 with Vault's texts. */
  async renew(id: string, incrementSeconds: number): Promise<{ lease: Lease; granted: GrantedTtl }> {
    if (this.#tokens.findByLeaseId(id)) throw new VaultError(400, 'tokens cannot be renewed through this endpoint')
    const lease = this.#leases.get(id)
    if (lease === undefined) throw new VaultError(400, 'lease not found')
    return exclusively(lease, async () => {
      this.#assertRenewable(lease)
      const granted = await this.#extend(lease, incrementSeconds)
      return { lease, granted }
    })
  }

  /** Ends a lease at the database before it resolves. Throws 400 if the database refuses; the lease then stays as it was. */
  async revoke(lease: Lease): Promise<void> {
    try {
      await exclusively(lease, () => this.#drop(lease, lease.secret.revoke))
    } catch (error) {
      throw new VaultError(400, `failed to revoke entry: resp: (*logical.Response)(nil) err: ${textOf(error)}`)
    }
  }

  /** Ends a lease in the background, trying again while the database refuses. */
  end(lease: Lease): void {
    if (lease.isEnding) return
    lease.isEnding = true
    lease.hasExpired = lease.expiresMs <= this.#time.nowMs()
    lease.expiresMs = Math.min(lease.expiresMs, this.#time.nowMs())
    this.#attempt(lease)
  }

  endOwnedBy(owner: Token): void {
    for (const lease of this.all()) if (lease.owner === owner) this.end(lease)
  }

  /** Tells the database and forgets the lease whatever it answers: the user may stay there for ever. */
  async forceRevoke(lease: Lease): Promise<void> {
    await exclusively(lease, () => this.#drop(lease, () => lease.secret.revoke().catch(() => undefined)))
  }

  /** A sealed Vault revokes nothing; what fell due meanwhile follows when it is unsealed. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) return
    const held = [...this.#held]
    this.#held.clear()
    for (const lease of held) this.#attempt(lease)
  }

  /** Revokes everything now. Rejects with ERR_DEV_VAULT_REVOKE if the database refused some; those leases stay. */
  async revokeAll(): Promise<void> {
    await this.#revokeEach((lease) => lease.secret.revoke())
  }

  /** Stops all timers and drops all users, by Vault's default revocation where the role's own fails. Rejects like `revokeAll`. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.refusals.next(0)
    for (const lease of this.all()) lease.alarm?.cancel()
    await this.#revokeEach((lease) => lease.secret.revoke().catch(() => lease.secret.discard()))
  }

  async #revokeEach(revoke: (lease: Lease) => Promise<void>): Promise<void> {
    const leases = this.all()
    const results = await Promise.allSettled(
      leases.map((lease) => exclusively(lease, () => this.#drop(lease, () => revoke(lease)))),
    )
    const causes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    if (causes.length === 0) return
    const message = `${causes.length} of ${leases.length} database users could not be dropped`
    throw new DevVaultError('ERR_DEV_VAULT_REVOKE', message, { cause: new AggregateError(causes, message) })
  }

  #refused(lease: Lease, error: VaultError): VaultError {
    this.end(lease)
    return error
  }

  #assertRenewable(lease: Lease): void {
    if (!this.#leases.has(lease.id)) throw new VaultError(400, 'lease not found')
    if (this.isIrrevocable(lease)) throw new VaultError(400, 'lease is expired and has failed previous revocation attempts')
    if (lease.isEnding || lease.expiresMs <= this.#time.nowMs()) throw new VaultError(400, 'lease expired')
    if (lease.owner.type === 'batch' && !this.#tokens.isLive(lease.owner)) {
      throw new VaultError(400, 'cannot renew lease, no valid associated token')
    }
  }

  async #extend(lease: Lease, incrementSeconds: number): Promise<GrantedTtl> {
    const granted = await this.#extendSecret(lease, incrementSeconds)
    if (lease.isEnding) throw new VaultError(400, 'lease expired')
    lease.lastRenewalMs = this.#time.nowMs()
    lease.renewals += 1
    lease.expiresMs = lease.lastRenewalMs + granted.seconds * 1000
    this.#arm(lease)
    this.#tell({ type: 'renewed', ...named(lease), ttlSeconds: granted.seconds })
    return granted
  }

  /** The database first: if it refuses, the lease stays as it was. */
  async #extendSecret(lease: Lease, incrementSeconds: number): Promise<GrantedTtl> {
    const { secret, issuedMs, owner } = lease
    const nowMs = this.#time.nowMs()
    try {
      const granted = grantTtl({ nowMs, issuedMs, incrementSeconds, role: secret.limits(), mount: secret.mountLimits() })
      const seconds = this.cappedSeconds(owner, granted.seconds)
      await secret.extend(nowMs + seconds * 1000)
      return { ...granted, seconds }
    } catch (error) {
      throw new VaultError(400, `failed to renew entry: resp: (*logical.Response)(nil) err: ${textOf(error)}`)
    }
  }

  #arm(lease: Lease): void {
    lease.alarm?.cancel()
    lease.alarm = this.#isClosed ? undefined : this.#time.alarm(lease.expiresMs, () => this.end(lease))
  }

  #attempt(lease: Lease): void {
    if (this.#isClosed) return
    if (this.#isPaused) return void this.#held.add(lease)
    const dropped = exclusively(lease, () => this.#drop(lease, lease.secret.revoke))
    this.#time.follow(dropped.catch((error: unknown) => this.#retryLater(lease, error)))
  }

  #retryLater(lease: Lease, cause: unknown): void {
    if (this.#isClosed || !this.#leases.has(lease.id)) return
    lease.failures += 1
    lease.lastError = textOf(cause)
    this.#tell({ type: 'revokeFailed', ...named(lease), attempt: lease.failures, cause: textOf(cause) })
    const delayMs = revocationDelayMs(lease.failures, Math.random())
    lease.alarm?.cancel()
    lease.alarm = this.#time.alarm(this.#time.nowMs() + delayMs, () => this.#attempt(lease))
  }

  async #drop(lease: Lease, revoke: () => Promise<void>): Promise<void> {
    if (!this.#leases.has(lease.id)) return
    await revoke()
    lease.alarm?.cancel()
    this.#leases.delete(lease.id)
    this.#tell({ type: 'ended', ...named(lease), reason: lease.hasExpired ? 'expired' : 'revoked' })
  }
}

function named({ id, secret }: Lease): { leaseId: string; role: string; username: string } {
  return { leaseId: id, role: secret.role, username: secret.username }
}

function exclusively<T>(lease: Lease, run: () => Promise<T>): Promise<T> {
  const result = lease.tail.then(run)
  lease.tail = result.catch(() => undefined)
  return result
}
