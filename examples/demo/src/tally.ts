import type { LeasedCredentials } from '@leasepool/core'
import { EVENT_NAMES, eventText, messageOf, type EventName } from './event-text'

/** Something that the credentials said. */
export interface Happening {
  readonly atMs: number
  readonly name: EventName
  readonly text: string
}

const FAILURES_KEPT = 5
const HAPPENINGS_KEPT = 6

/** Counts what the app and its credentials do. */
export class Tally {
  queries = 0
  failed = 0
  rotations = 0
  renewals = 0
  /** Messages of the first failures. */
  readonly failures: string[] = []
  /** The last of what happened, oldest first. */
  readonly happenings: Happening[] = []
  readonly #startMs = performance.now()

  ran(queries: number): void {
    this.queries += queries
  }

  failedWith(error: unknown): void {
    this.queries += 1
    this.failed += 1
    if (this.failures.length < FAILURES_KEPT) this.failures.push(`${(this.elapsedMs / 1000).toFixed(2)} s: ${messageOf(error)}`)
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs
  }

  /** Listens to everything that the credentials say from now on, and passes it on as text. */
  follow(credentials: LeasedCredentials, tell: (happening: Happening) => void): void {
    credentials.on('renewed', () => (this.renewals += 1))
    credentials.on('rotated', ({ from }) => (this.rotations += from > 0 ? 1 : 0))
    for (const name of EVENT_NAMES) {
      credentials.on(name, (event: object) => {
        const happening = { atMs: this.elapsedMs, name, text: eventText(name, event) }
        this.happenings.push(happening)
        if (this.happenings.length > HAPPENINGS_KEPT) this.happenings.shift()
        tell(happening)
      })
    }
  }
}
