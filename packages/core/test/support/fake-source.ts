import type { Lease } from '../../src/lease'
import { LeaseLostError, type CredentialSource, type IssuedCredential, type SourceHost } from '../../src/source'
import type { FakeClock } from './fake-clock'

/** A source that behaves like Vault with a role of `ttlMs` and `maxTtlMs`, until a test says otherwise. */
export class FakeSource implements CredentialSource {
  description = 'fake'
  ttlMs = 3_600_000
  roleMaxTtlMs = 24 * 3_600_000
  renewable = true
  host: SourceHost | undefined
  /** What was called, in order; shared with fake pools. */
  readonly calls: string[]
  /** Called before the answer; throw or wait in it. */
  onIssue: ((signal: AbortSignal) => Promise<void> | void) | undefined
  onRenew: ((lease: Lease, signal: AbortSignal) => Promise<void> | void) | undefined
  onRevoke: ((lease: Lease, signal: AbortSignal) => Promise<void> | void) | undefined
  onClose: ((signal: AbortSignal) => Promise<void> | void) | undefined
  limit: number | undefined
  readonly revoked = new Set<string>()
  readonly #clock: FakeClock
  #issued = 0

  constructor(clock: FakeClock, calls: string[] = []) {
    this.#clock = clock
    this.calls = calls
  }

  open(host: SourceHost): Promise<void> {
    this.host = host
    return Promise.resolve()
  }

  async issue(signal: AbortSignal): Promise<IssuedCredential> {
    this.calls.push('issue')
    await this.onIssue?.(signal)
    const n = (this.#issued += 1)
    const nowMs = this.#clock.nowMs()
    const ttlMs = Math.min(this.ttlMs, this.roleMaxTtlMs)
    const truncated = ttlMs < this.ttlMs
    const times = { issuedAtMs: nowMs, renewedAtMs: nowMs, endsAtMs: nowMs + ttlMs }
    const lease: Lease = { id: `lease-${n}`, ttlMs: this.ttlMs, renewable: this.renewable, truncated, ...times }
    return { username: `user-${n}`, password: `password-of-${n}`, lease }
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Lease> {
    this.calls.push(`renew ${lease.id}`)
    await this.onRenew?.(lease, signal)
    const nowMs = this.#clock.nowMs()
    if (this.revoked.has(lease.id) || nowMs > lease.endsAtMs) throw new LeaseLostError({ cause: undefined })
    const endsAtMs = Math.min(nowMs + lease.ttlMs, lease.issuedAtMs + this.roleMaxTtlMs)
    return { ...lease, renewedAtMs: nowMs, endsAtMs, truncated: endsAtMs < nowMs + lease.ttlMs }
  }

  async revoke(lease: Lease, signal: AbortSignal): Promise<void> {
    this.calls.push(`revoke ${lease.id}`)
    await this.onRevoke?.(lease, signal)
    this.revoked.add(lease.id)
  }

  limitMs(): number | undefined {
    return this.limit
  }

  async close(signal: AbortSignal): Promise<void> {
    this.calls.push('close source')
    await this.onClose?.(signal)
  }
}

/** Rejects once `signal` aborts, as a source that hangs does. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
