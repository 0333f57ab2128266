import type { CredentialSource, IssuedCredential, Lease } from '@leasepool/core'

/** Who makes users with plain SQL. */
export interface UserMaker {
  makeUser(username: string, password: string, canLogIn: boolean): Promise<void>
  dropUser(username: string): Promise<void>
}

/**
 * A source for tests that need no Vault: makes users with plain SQL, all of them with names that begin alike. Their leases do not end by
 * themselves.
 */
export class UserSource implements CredentialSource {
  readonly description = 'sql'
  /** Users made here begin so; no longer than what MySQL allows. */
  readonly prefix = `v-${Math.random().toString(36).slice(2, 10)}-`
  /** Users that are made from now on may not log in. */
  refusesLogins = false
  /** Awaited before a user is dropped, and its sessions with it. */
  beforeRevoke: ((username: string) => Promise<void>) | undefined
  readonly revoked: string[] = []
  readonly #maker: UserMaker
  #count = 0

  constructor(maker: UserMaker) {
    this.#maker = maker
  }

  async issue(): Promise<IssuedCredential> {
    const username = `${this.prefix}${String((this.#count += 1)).padStart(6, '0')}` // none is the beginning of another
    const password = `Password-of-${username}`
    await this.#maker.makeUser(username, password, !this.refusesLogins)
    const nowMs = performance.now()
    const lease: Lease = {
      id: username,
      issuedAtMs: nowMs,
      renewedAtMs: nowMs,
      endsAtMs: nowMs + 3_600_000,
      ttlMs: 3_600_000,
      renewable: true,
      truncated: false,
    }
    return { username, password, lease }
  }

  async revoke({ id }: Lease): Promise<void> {
    await this.beforeRevoke?.(id)
    await this.#maker.dropUser(id)
    this.revoked.push(id)
  }
}
