import type { Clock } from './clock'
import { classifyDatabaseError } from './database-errors'
import { LoginPausedError } from './errors'
import type { Emit } from './events'
import { TimeLimit } from './time-limit'

/** How far back refused logins and what was done about them count, in ms. */
const WINDOW_MS = 60_000
/** So many credentials are taken within that time since the one before was refused: more would not help. */
const MOST_REPLACEMENTS = 3
/** How long who was refused waits for a new credential, in ms. */
const REPLACE_WAIT_MS = 10_000

/**
 * What to do when the database refuses the credential in use: one new credential for everybody who was refused, and a pause of all logins
 * when it goes on, before the database locks us out.
 */
export class LoginRefusals {
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #perMinute: number
  readonly #generation: () => number
  readonly #replace: () => Promise<void>
  /** When logins of the generation in `#refusedGeneration` were refused. */
  #refusedAtMs: number[] = []
  #refusedGeneration = 0
  #pausedUntilMs = 0
  #replacedAtMs: number[] = []
  #replacing: Promise<void> | undefined

  constructor(options: {
    clock: Clock
    emit: Emit
    /** So many refused logins, and no more, before the pause. */
    perMinute: number
    generation: () => number
    /** Takes a new credential, or waits for who does; never rejects. */
    replace: () => Promise<void>
  }) {
    this.#clock = options.clock
    this.#emit = options.emit
    this.#perMinute = options.perMinute
    this.#generation = options.generation
    this.#replace = options.replace
  }

  /** Throws {@link LoginPausedError} while nobody may log in. */
  check(): void {
    const forMs = this.#pausedForMs()
    if (forMs > 0) throw new LoginPausedError(this.#generation(), forMs)
  }

  /** Resolves with whether there is a newer credential than that of `generation` to try. Never rejects. */
  async report(error: unknown, generation: number): Promise<boolean> {
    const isPaused = error instanceof LoginPausedError
    const kind = classifyDatabaseError(error)
    if (kind === 'network' && generation < this.#generation()) return true // it may be we who cut it, at the drain deadline
    if (!isPaused && kind !== 'credential-refused') return false
    if (generation < this.#generation()) return true
    if (!isPaused) this.#count(error, generation)
    const limit = new TimeLimit(this.#clock, REPLACE_WAIT_MS)
    await Promise.race([this.#replaceOnce(), limit.passed])
    limit.clear()
    return generation < this.#generation()
  }

  #count(cause: unknown, generation: number): void {
    if (generation !== this.#refusedGeneration) {
      this.#refusedGeneration = generation
      this.#refusedAtMs = []
      this.#pausedUntilMs = 0
      this.#emit('loginRefused', { generation, cause })
    }
    if (this.#pausedForMs() > 0) return
    this.#refusedAtMs = [...this.#recent(this.#refusedAtMs), this.#clock.nowMs()]
    const refused = this.#refusedAtMs.length
    if (refused < this.#perMinute) return
    this.#refusedAtMs = []
    this.#pausedUntilMs = this.#clock.nowMs() + WINDOW_MS
    this.#emit('loginsPaused', { generation, refused, forMs: WINDOW_MS })
  }

  #pausedForMs(): number {
    return this.#generation() === this.#refusedGeneration ? Math.max(0, this.#pausedUntilMs - this.#clock.nowMs()) : 0
  }

  /** One for everybody who was refused meanwhile. */
  #replaceOnce(): Promise<void> {
    this.#replacedAtMs = this.#recent(this.#replacedAtMs)
    if (this.#replacedAtMs.length >= MOST_REPLACEMENTS) return Promise.resolve()
    const before = this.#generation()
    return (this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined
      if (this.#generation() !== before) this.#replacedAtMs.push(this.#clock.nowMs())
    }))
  }

  #recent(instants: readonly number[]): number[] {
    return instants.filter((atMs) => this.#clock.nowMs() - atMs < WINDOW_MS)
  }
}
