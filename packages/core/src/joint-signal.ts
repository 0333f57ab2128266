/**
 * A signal that aborts with the first of several, until it is cleared; then nothing of it is left in them. `AbortSignal.any` leaves something
 * behind in each for as long as that lives (some 80 bytes on Node 20, https://github.com/nodejs/node/issues/55351), and some of ours live
 * as long as the app.
 */
export class JointSignal {
  readonly #own = new AbortController()
  readonly #sources: readonly AbortSignal[]

  constructor(...sources: AbortSignal[]) {
    this.#sources = sources
    const aborted = sources.find((source) => source.aborted)
    if (aborted !== undefined) this.#own.abort(aborted.reason)
    else for (const source of sources) source.addEventListener('abort', this.#abort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#own.signal
  }

  /** What it was for is over. */
  clear(): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (event: Event): void => {
    this.clear()
    this.#own.abort((event.target as AbortSignal).reason)
  }
}
