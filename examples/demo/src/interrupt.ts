import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const interruption = new AbortController()
const interrupt = (): void => interruption.abort()

// At load, so that a Ctrl-C while the other modules are loaded counts as well. npm and the terminal may both send one.
process.on('SIGINT', interrupt)
process.on('SIGTERM', interrupt)

// Whoever read our output has gone, as in `npm run demo | head -3`.
process.stdout.on('error', interrupt)

/** Aborts at the first Ctrl-C or SIGTERM; further ones change nothing. */
export const interrupted: AbortSignal = interruption.signal

/** Aborts after that many seconds, or when the demo is interrupted, be it in the past. */
export function endOfRun(seconds: number): AbortSignal {
  const time = new AbortController()
  void pass(seconds * 1_000).then(() => time.abort())
  const ending = AbortSignal.any([interrupted, time.signal])
  setMaxListeners(0, ending) // every caller listens
  return ending
}

/** A Node timer cannot be longer than 24 days. */
async function pass(ms: number): Promise<void> {
  const endMs = performance.now() + ms
  for (let leftMs = ms; leftMs > 0; leftMs = endMs - performance.now())
    await sleep(Math.min(leftMs, 60_000), undefined, { ref: false })
}
