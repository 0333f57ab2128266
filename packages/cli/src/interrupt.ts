import { systemClock } from '@leasepool/core'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Why a command is to end: a signal, nobody reads what it prints any more, or npx has left it behind. */
export type Interruption = (typeof SIGNALS)[number] | 'output closed' | 'npx ended'

/** One Ctrl-C arrives twice below npx: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 500

const PARENT_CHECK_MS = 500

export interface Interrupt {
  /** Aborts at the first Ctrl-C, SIGTERM, SIGHUP, closed output or end of npx; the reason is an {@link Interruption}. */
  readonly signal: AbortSignal
  /** Leaves the signals to Node again. */
  release(): void
}

/**
 * Listens from now on. A second signal, half a second or more after the first, calls `atOnce` and ends the process with 128 and the
 * signal's number: who presses Ctrl-C twice does not want to wait.
 */
export function listenForInterrupt(atOnce: () => void): Interrupt {
  const interruption = new AbortController()
  let firstMs: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstMs !== undefined && systemClock.nowMs() - firstMs >= SAME_PRESS_MS) {
      atOnce()
      process.exit(128 + constants.signals[signal])
    }
    firstMs ??= systemClock.nowMs()
    interruption.abort(signal)
  }
  // As in `leasepool dev | head -3`, or when the terminal was closed.
  const onClosed = (): void => interruption.abort('output closed')
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.stdout.on('error', onClosed)
  process.stderr.on('error', onClosed)
  const released = new AbortController()
  if (process.env['npm_command'] !== undefined) void whenParentEnds(released.signal, () => interruption.abort('npx ended'))
  const release = (): void => {
    released.abort()
    for (const signal of SIGNALS) process.removeListener(signal, onSignal)
  }
  return { signal: interruption.signal, release }
}

/** A SIGTERM to npx (or npm run) alone ends it and its shell, which tell the command nothing. */
async function whenParentEnds(released: AbortSignal, run: () => void): Promise<void> {
  const parent = process.ppid
  while (process.ppid === parent && !released.aborted) await systemClock.sleep(PARENT_CHECK_MS, released).catch(() => undefined)
  if (!released.aborted) run()
}
