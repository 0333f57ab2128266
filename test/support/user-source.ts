import type { CredentialSource, IssuedCredential, Lease } from '@leasepool/core'
import type { ContractServer } from './server'

/** Makes users with plain SQL, all of them with names that begin alike. Their leases do not end by themselves. */
export class ServerSource implements CredentialSource {
  readonly description = 'sql'
  /** Users made here begin so; no longer than what MySQL allows. */
  readonly prefix = `v-${Math.random().toString(36).slice(2, 10)}-`
  /** Users that are made from now on may not log in. */
  refusesLogins = false
  readonly revoked: string[] = []
  readonly #server: ContractServer
  #count = 0

  constructor(server: ContractServer) {
    this.#server = server
  }

  async issue(): Promise<IssuedCredential> {
    const username = `${this.prefix}${String((this.#count += 1)).padStart(4, '0')}` // none is the beginning of another
    const password = `Password-of-${username}`
    await this.#server.makeUser(username, password, !this.refusesLogins)
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
    await this.#server.dropUser(id)
    this.revoked.push(id)
  }
}
