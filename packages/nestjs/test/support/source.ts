import type { CredentialSource, Lease, SourceHost } from '@leasepool/core'

/** Users that no database knows. */
export class MemorySource implements CredentialSource {
  readonly description = 'memory'
  readonly revoked: string[] = []
  failure: Error | undefined
  host: SourceHost | undefined
  #issued = 0

  open(host: SourceHost): Promise<void> {
    this.host = host
    return Promise.resolve()
  }

  issue(): Promise<{ username: string; password: string; lease: Lease }> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    const username = `user-${(this.#issued += 1)}`
    const nowMs = performance.now()
    const ttlMs = 3_600_000
    const lease = {
      id: username,
      issuedAtMs: nowMs,
      renewedAtMs: nowMs,
      endsAtMs: nowMs + ttlMs,
      ttlMs,
      renewable: false,
      truncated: false,
    }
    return Promise.resolve({ username, password: `Password-of-${username}`, lease })
  }

  revoke({ id }: Lease): Promise<void> {
    this.revoked.push(id)
    return Promise.resolve()
  }
}
