import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until `found` gives something, and gives that; throws after `withinMs`, saying what was waited for and what came last. It asks once
 * more after that: a process that stood still meanwhile has seen nothing.
 */
export async function poll<T>(
  what: string,
  ask: () => Promise<T> | T,
  found: (value: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const isLate = performance.now() > deadline
    const value = await ask()
    if (found(value)) return value
    if (isLate) throw new Error(`Not within ${withinMs} ms: ${what}; last: ${JSON.stringify(value)}`)
    await sleep(10)
  }
}
