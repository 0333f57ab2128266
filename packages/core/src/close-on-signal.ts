import { keepingAlive, systemClock, type Clock } from './clock'
import { OptionError } from './errors'
import { aFunction, checkOptions, describe, milliseconds, objectWith } from './options'
import { TimeLimit } from './time-limit'

/** Something that ends: a function, or an object with `close()`, such as `LeasedCredentials`. */
export type Closable = (() => unknown) | { close(): unknown }

export interface CloseOnSignalOptions {
  /** @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[]
  /** How long all of it may take together, in ms. Keep it below what your platform waits before it kills. @default 25_000 */
  readonly timeoutMs?: number
  /** Time source, for tests. */
  readonly clock?: Clock
}

/**
 * Closes each of `closables` in turn when the process is told to end, then lets it end by that same signal. Name pools first and
 * credentials last: `closeOnSignal([() => server.close(), () => knex.destroy(), credentials])`. Nothing is closed unless this is called.
 *
 * What fails or takes too long is said in a process warning and gone on from. A second signal ends the process at once. Returns what
 * takes the listeners away again. Throws `OptionError`.
 */
export function closeOnSignal(closables: readonly Closable[], options: CloseOnSignalOptions = {}): () => void {
  checkOptions<CloseOnSignalOptions>('closeOnSignal', options, {
    signals: { check: (value) => (Array.isArray(value) && value.length > 0 ? undefined : 'an array of signal names') },
    timeoutMs: { check: milliseconds(1) },
    clock: { check: objectWith('nowMs', 'dateMs', 'sleep') },
  })
  for (const [index, one] of closables.entries()) {
    const expected = isClosable(one)
    if (expected !== undefined) throw new OptionError(`closeOnSignal.closables[${index}]`, expected, describe(one))
  }
  const { signals = ['SIGTERM', 'SIGINT'], timeoutMs = 25_000, clock = systemClock } = options
  const undo = (): void => {
    for (const signal of signals) process.removeListener(signal, end)
  }
  const end = (signal: NodeJS.Signals): void => {
    undo() // from here on the same signal does what it does by default
    const ended = closeAll(closables, timeoutMs, clock)
      .then(() => clock.sleep(0)) // warnings are printed in a turn of their own
      .finally(() => process.kill(process.pid, signal))
    void keepingAlive(ended)
  }
  for (const signal of signals) process.on(signal, end)
  return undo
}

function isClosable(value: unknown): string | undefined {
  if (aFunction(value) === undefined || objectWith('close')(value) === undefined) return undefined
  return 'a function, or an object with close()'
}

async function closeAll(closables: readonly Closable[], timeoutMs: number, clock: Clock): Promise<void> {
  const limit = new TimeLimit(clock, timeoutMs)
  for (const [index, one] of closables.entries()) {
    const closed = closeOne(one).catch((error: unknown) => {
      warn(`closing number ${index + 1} failed: ${error instanceof Error ? error.message : 'not an error'}`)
    })
    await Promise.race([closed, limit.passed])
    if (limit.hasPassed) return warn(`closing number ${index + 1} was not done within ${timeoutMs} ms; the process ends`)
  }
  limit.clear()
}

async function closeOne(one: Closable): Promise<void> {
  await (typeof one === 'function' ? one() : one.close())
}

function warn(what: string): void {
  process.emitWarning(`closeOnSignal: ${what}`, 'LeasepoolWarning')
}
