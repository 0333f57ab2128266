import type { Credential } from '../../src/credential'
import type { DrainLimits, PoolStats, ProbeResult, RotatablePool } from '../../src/pool'

/** A pool that writes down what it is told to do. While `busy` it drains only at the deadline, or when `finish()` is called. */
export class FakePool implements RotatablePool {
  busy = false
  onProbe: ((candidate: Credential, signal: AbortSignal) => Promise<ProbeResult> | ProbeResult) | undefined
  /** Instants are asked from here when a deadline aborts. */
  onDeadline: (() => void) | undefined
  readonly promoted: number[] = []
  /** What the last promotion said of older connections. */
  keptOlder: boolean | undefined
  #waiting: (() => void)[] = []

  constructor(
    readonly name: string,
    readonly calls: string[] = [],
  ) {}

  async probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult> {
    this.calls.push(`probe ${this.name} ${candidate.generation}`)
    return (await this.onProbe?.(candidate, signal)) ?? 'logged-in'
  }

  promote(credential: Credential, { keepOlder = false }: { readonly keepOlder?: boolean } = {}): void {
    this.keptOlder = keepOlder
    this.calls.push(`promote ${this.name} ${credential.generation}`)
    this.promoted.push(credential.generation)
  }

  drain(generation: number, { deadline, forced }: DrainLimits): Promise<void> {
    this.calls.push(`drain ${this.name} ${generation}`)
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      const force = (): void => {
        this.onDeadline?.()
        forced({ generation, borrowedMs: 1 })
        resolve()
      }
      if (deadline.aborted) force()
      else deadline.addEventListener('abort', force, { once: true })
    })
  }

  /** The last borrowed connection comes back. */
  finish(): void {
    this.busy = false
    for (const done of this.#waiting.splice(0)) done()
  }

  stats(): PoolStats {
    return { name: this.name, max: 1, sockets: 0, idle: 0, borrowed: 0, stale: 0 }
  }
}
