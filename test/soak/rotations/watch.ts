import type { LeasedCredentials, LeasedCredentialsEvents } from '@leasepool/core'
import type { Sample } from './report'
import type { Work } from './work'

declare const gc: () => void

/** Events that must not come while nothing is wrong. */
const UNWANTED = [
  'rotationFailed', 'revokeFailed', 'renewFailed', 'connectionForced', 'loginRefused', 'loginsPaused', 'healthChanged',
] as const satisfies (keyof LeasedCredentialsEvents)[] // prettier-ignore

/** Looks at what a run leaves behind. */
export class Watch {
  readonly seen = { unwanted: [] as string[], probesSkipped: 0, probesTimedOut: 0 }
  readonly #credentials: LeasedCredentials
  readonly #past = new Set<WeakRef<object>>()

  constructor(credentials: LeasedCredentials, gaveUp: Work['gaveUp']) {
    this.#credentials = credentials
    credentials.on('probeFailed', (event) => {
      // The pool's own time limit counts for probes too, and somebody else may be using the machine.
      if (event.pool === 'impatient' && gaveUp(event.cause)) this.seen.probesTimedOut += 1
      else this.#note('probeFailed', event)
    })
    for (const name of UNWANTED) credentials.on(name, (event: object) => this.#note(name, event))
    credentials.on('probeSkipped', () => (this.seen.probesSkipped += 1))
    // Too many listeners of one event, for example.
    process.on('warning', (warning) => this.#note(warning.name, warning))
  }

  /** Nothing may hold this once it is no longer used. */
  readonly expectGone = (thing: object): void => void this.#past.add(new WeakRef(thing))

  /** Nobody works, nothing is open. */
  async sample(rotations: number, work: Work): Promise<Sample> {
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      gc()
    }
    for (const thing of this.#past) if (thing.deref() === undefined) this.#past.delete(thing)
    const resources: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
    const emitters = [this.#credentials, process, ...work.emitters] as Work['emitters']
    const listeners = emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)))
    return {
      rotations,
      heapBytes: process.memoryUsage().heapUsed,
      listeners: listeners.reduce((sum, count) => sum + count, 0),
      resources,
      held: this.#past.size,
    }
  }

  #note(name: string, what: object): void {
    if (this.seen.unwanted.length < 20)
      this.seen.unwanted.push(`${name}: ${what instanceof Error ? what.stack : JSON.stringify(what)}`)
  }
}
