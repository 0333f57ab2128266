import type { Credential } from '../../src/credential'
import type { DrainLimits, PoolStats, ProbeResult, RotatablePool } from '../../src/pool'
import type { FakeClock } from '../support/fake-clock'

/** What a login takes, in ms. */
const LOGIN_MS = 5

/** A pool whose connections are borrowed and given back as a test says, by the user who logged in. */
export class ModelPool implements RotatablePool {
  readonly name = 'model'
  /** Whether the database lets anybody log in. */
  isDatabaseUp = true
  /** Whether the database has this user. */
  canLogIn: (username: string) => boolean = () => true
  readonly borrowed: Credential[] = []
  /** Told of each borrowed connection that is closed by force. */
  onForced: ((credential: Credential) => void) | undefined
  /** How many probes were under way at the same time at most. */
  mostProbing = 0
  #probing = 0
  readonly #drains = new Set<{ generation: number; done: () => void }>()
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  async probe(candidate: Credential, signal: AbortSignal): Promise<ProbeResult> {
    this.mostProbing = Math.max(this.mostProbing, (this.#probing += 1))
    try {
      await this.#clock.sleep(LOGIN_MS, signal)
      if (!this.isDatabaseUp || !this.canLogIn(candidate.username)) throw new Error('the database refused')
      return 'logged-in'
    } finally {
      this.#probing -= 1
    }
  }

  promote(): void {}

  borrow(credential: Credential): void {
    this.borrowed.push(credential)
  }

  giveBack(): void {
    this.borrowed.shift()
    for (const drain of this.#drains) if (!this.#holds(drain.generation)) drain.done()
  }

  drain(generation: number, { deadline, forced }: DrainLimits): Promise<void> {
    if (!this.#holds(generation)) return Promise.resolve()
    return new Promise((resolve) => {
      const drain = {
        generation,
        done: () => {
          this.#drains.delete(drain)
          resolve()
        },
      }
      this.#drains.add(drain)
      const force = (): void => {
        const closed = this.borrowed.filter((one) => one.generation <= generation)
        const left = this.borrowed.filter((one) => one.generation > generation)
        this.borrowed.splice(0, this.borrowed.length, ...left)
        this.#drains.delete(drain)
        for (const one of closed) {
          this.onForced?.(one)
          forced({ generation: one.generation, borrowedMs: 0 })
        }
        resolve()
      }
      if (deadline.aborted) force()
      else deadline.addEventListener('abort', force, { once: true })
    })
  }

  stats(): PoolStats {
    const borrowed = this.borrowed.length
    return { name: this.name, max: 10, sockets: borrowed, idle: 0, borrowed, stale: 0 }
  }

  #holds(generation: number): boolean {
    return this.borrowed.some((one) => one.generation <= generation)
  }
}
