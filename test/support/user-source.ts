import {
  LeaseLostError,
  systemClock,
  type Clock,
  type CredentialSource,
  type IssuedCredential,
  type Lease,
} from '@leasepool/core'

/** Who makes users with plain SQL. */
export interface UserMaker {
  /** `connections`: so many at the same time, and no more. */
  makeUser(username: string, password: string, canLogIn: boolean, connections?: number): Promise<void>
  dropUser(username: string): Promise<void>
  /** For users that stay while their password changes. */
  setPassword?(username: string, password: string): Promise<void>
}

/** A source for tests that need no Vault: makes users with plain SQL, all of them with names that begin alike. */
export class UserSource implements CredentialSource {
  readonly description = 'sql'
  /** Users made here begin so; no longer than what MySQL allows. */
  readonly prefix = `v-${Math.random().toString(36).slice(2, 10)}-`
  /** Users that are made from now on may not log in. */
  refusesLogins = false
  /** Awaited before a user is dropped, and its sessions with it. */
  beforeRevoke: ((username: string) => Promise<void>) | undefined
  /** What `issue` rejects with. */
  failure: Error | undefined
  /** What `issue` waits for. */
  gate: Promise<void> | undefined
  /** Of each user; the server refuses more. */
  connections: number | undefined
  /** Of leases of an hour. */
  renewable = true
  /** Renewals are answered with the loss of the lease. */
  losesLeases = false
  /** There is one user without a lease, whose password changes; its open connections are closed then, or kept. */
  oneUser: 'closes' | 'keeps' | undefined
  /** Leases that were asked for. */
  issued = 0
  readonly passwords: string[] = []
  readonly renewed: string[] = []
  readonly revoked: string[] = []
  readonly #maker: UserMaker
  readonly #clock: Clock

  constructor(maker: UserMaker, clock = systemClock) {
    this.#maker = maker
    this.#clock = clock
  }

  async issue(): Promise<IssuedCredential> {
    const number = String((this.issued += 1)).padStart(6, '0') // none is the beginning of another
    await this.gate
    if (this.failure !== undefined) throw this.failure
    const password = `Password-of-${this.prefix}${number}`
    this.passwords.push(password)
    if (this.oneUser !== undefined) return this.#issueForOne(password)
    const username = `${this.prefix}${number}`
    await this.#maker.makeUser(username, password, !this.refusesLogins, this.connections)
    return { username, password, lease: this.#lease(username, this.#clock.nowMs()) }
  }

  renew(lease: Lease): Promise<Lease> {
    if (this.losesLeases) return Promise.reject(new LeaseLostError({ cause: undefined }))
    this.renewed.push(lease.id)
    return Promise.resolve(this.#lease(lease.id, lease.issuedAtMs))
  }

  async revoke({ id }: Lease): Promise<void> {
    await this.beforeRevoke?.(id)
    await this.#maker.dropUser(id)
    this.revoked.push(id)
  }

  async close(): Promise<void> {
    if (this.oneUser !== undefined) await this.#maker.dropUser(this.#onlyUser)
  }

  get #onlyUser(): string {
    return `${this.prefix}only`
  }

  async #issueForOne(password: string): Promise<IssuedCredential> {
    const username = this.#onlyUser
    if (this.passwords.length === 1) await this.#maker.makeUser(username, password, true)
    else await this.#maker.setPassword!(username, password)
    return { username, password, keepsConnections: this.oneUser === 'keeps' }
  }

  #lease(id: string, issuedAtMs: number): Lease {
    const nowMs = this.#clock.nowMs()
    const { renewable } = this
    const ttlMs = 3_600_000
    return { id, issuedAtMs, renewedAtMs: nowMs, endsAtMs: nowMs + ttlMs, ttlMs, renewable, truncated: false }
  }
}
