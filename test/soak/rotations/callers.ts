import { setTimeout as sleep } from 'node:timers/promises'
import { poll } from '../../support/poll'
import { idle, PATIENCE_MS, type Work } from './work'

const PATIENT = 16
const IMPATIENT = 8
/** One in so many of those who get the impatient pool's only connection keeps it until the others give up, the first one in any case. */
const KEPT_ONE_IN = 300
/** What nobody waits longer for, in ms. */
const STRANDED_MS = 30_000

/** What came of it, by the name of what was done. */
export class Tally {
  readonly done: Record<string, number> = {}
  served = 0
  gaveUp = 0
  readonly failures: string[] = []

  get hasFailed(): boolean {
    return this.failures.length > 0
  }

  failed(what: string, error: unknown): void {
    if (this.failures.length >= 20) return
    this.failures.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}

/** Callers at work, one thing at random after the other. Resolves when all of them have come back after `signal` aborted. */
export class Callers {
  readonly #work: Work
  readonly #tally: Tally
  readonly #random: () => number
  readonly #stop = new AbortController()
  #turns = 0
  readonly #atWork = new Map<number, string>()

  constructor(work: Work, tally: Tally, random: () => number) {
    this.#work = work
    this.#tally = tally
    this.#random = random
    for (let number = 0; number < PATIENT + IMPATIENT; number++) {
      void this.#call(number, number < PATIENT ? () => this.#patient(number) : () => this.#impatient(number))
    }
  }

  /** Lets everybody finish. Somebody who never comes back is a failure. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const still = (): string[] => [...this.#atWork.values()]
    await poll('all callers have come back', still, (all) => all.length === 0, STRANDED_MS).catch((error: unknown) =>
      this.#tally.failed('stranded', error),
    )
  }

  async #call(number: number, once: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#tally.hasFailed) await once()
    this.#atWork.delete(number)
  }

  async #patient(number: number): Promise<void> {
    const { patient } = this.#work
    const names = Object.keys(patient)
    const name = names[Math.floor(this.#random() * names.length)]!
    this.#atWork.set(number, name)
    try {
      await patient[name]!()
      this.#tally.done[name] = (this.#tally.done[name] ?? 0) + 1
    } catch (error) {
      this.#tally.failed(name, error)
    }
  }

  async #impatient(number: number): Promise<void> {
    this.#atWork.set(number, 'impatient')
    try {
      await this.#work.impatient(() => (this.#turns++ % KEPT_ONE_IN === 0 ? sleep(1.5 * PATIENCE_MS) : idle(this.#random)))
      this.#tally.served += 1
    } catch (error) {
      if (this.#work.gaveUp(error)) this.#tally.gaveUp += 1
      else this.#tally.failed('impatient', error)
    }
  }
}
