import type { RotationReason } from '../../events'
import { JointSignal } from '../../joint-signal'
import type { Lease } from '../../lease'
import type { CredentialSource, IssuedCredential, SourceHost } from '../../source'
import { TimeLimit } from '../../time-limit'

/** One of the sources of a fallback: opened when it is needed first, and its leases told from those of the others. */
export class FallbackMember {
  readonly source: CredentialSource
  readonly index: number
  readonly #prefix: string
  #isOpened = false
  #isTouched = false

  constructor(source: CredentialSource, index: number) {
    this.source = source
    this.index = index
    // Those of the first keep their ids; of the others they get a mark, since two sources may count from 1.
    this.#prefix = index === 0 ? '' : `fallback-${index}:`
  }

  /** Whether a lease is of this source; ask the last one first. */
  issued(lease: Lease): boolean {
    return lease.id.startsWith(this.#prefix)
  }

  /** Opens the source where that has not been done, and asks it; given up after `withinMs`. */
  async issue(host: SourceHost, reason: RotationReason, signal: AbortSignal, withinMs?: number): Promise<IssuedCredential> {
    const limit = withinMs === undefined ? undefined : new TimeLimit(host.clock, withinMs, `No credential within ${withinMs} ms`)
    const joint = limit && new JointSignal(signal, limit.signal)
    const within = joint?.signal ?? signal
    try {
      this.#isTouched = true
      if (!this.#isOpened) await this.source.open?.(host, within)
      this.#isOpened = true
      return this.marked(await this.source.issue(within, reason))
    } finally {
      limit?.clear()
      joint?.clear()
    }
  }

  /** As others may see it. */
  marked(issued: IssuedCredential): IssuedCredential {
    return issued.lease === undefined ? issued : { ...issued, lease: this.#marked(issued.lease) }
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Lease> {
    return this.#marked(await this.source.renew!(this.#plain(lease), signal))
  }

  async revoke(lease: Lease, signal: AbortSignal): Promise<void> {
    await this.source.revoke?.(this.#plain(lease), signal)
  }

  limitMs(lease: Lease): number | undefined {
    return this.source.limitMs?.(this.#plain(lease))
  }

  async close(signal: AbortSignal): Promise<void> {
    if (this.#isTouched) await this.source.close?.(signal)
  }

  #marked(lease: Lease): Lease {
    return { ...lease, id: this.#prefix + lease.id, renewable: lease.renewable && this.source.renew !== undefined }
  }

  #plain(lease: Lease): Lease {
    return { ...lease, id: lease.id.slice(this.#prefix.length) }
  }
}
