import type { LeasedCredentials } from '@leasepool/core'
import type { WriteStream } from 'node:tty'
import type { Display, Phase } from './display'
import { frame, title } from './frame'
import type { Tally } from './tally'
import { Terminal, type Line } from './terminal'

const REDRAW_EVERY_MS = 250
/** Queries per second are those of about the last second. */
const RATE_SAMPLES = 1_000 / REDRAW_EVERY_MS

/** The live view: redrawn in place four times a second. */
export class View implements Display {
  readonly #terminal: Terminal
  readonly #seconds: number
  readonly #timer: NodeJS.Timeout
  #phase: Phase = 'starting'
  #followed: { readonly credentials: LeasedCredentials; readonly tally: Tally } | undefined
  /** Where the counter stood at the last pictures, oldest first. */
  readonly #samples: { readonly atMs: number; readonly queries: number }[] = []

  constructor(out: WriteStream, seconds: number) {
    this.#terminal = new Terminal(out)
    this.#seconds = seconds
    this.#timer = setInterval(() => this.#draw(), REDRAW_EVERY_MS)
    this.#draw()
  }

  follow(credentials: LeasedCredentials, tally: Tally): void {
    this.#followed = { credentials, tally }
  }

  phase(phase: Phase): void {
    this.#phase = phase
    this.#draw()
  }

  happened(): void {
    // The next picture shows it.
  }

  close(): void {
    clearInterval(this.#timer)
    this.#draw()
    this.#terminal.close()
  }

  #draw(): void {
    this.#terminal.draw(this.#lines())
  }

  #lines(): Line[] {
    const { width, height } = this.#terminal
    if (this.#followed === undefined) return [title(this.#phase, 0, this.#seconds, width)]
    const { credentials, tally } = this.#followed
    const { elapsedMs, queries, failed, rotations, renewals, happenings } = tally
    const counts = {
      elapsedMs,
      queries,
      failed,
      rotations,
      renewals,
      happenings,
      queriesPerSecond: this.#rate(elapsedMs, queries),
    }
    return frame({ phase: this.#phase, seconds: this.#seconds, width, height, status: credentials.status(), ...counts })
  }

  #rate(atMs: number, queries: number): number {
    const { atMs: thenMs, queries: before } = this.#samples[0] ?? { atMs: 0, queries: 0 }
    this.#samples.push({ atMs, queries })
    if (this.#samples.length > RATE_SAMPLES) this.#samples.shift()
    return atMs <= thenMs ? 0 : Math.round(((queries - before) * 1_000) / (atMs - thenMs))
  }
}
