import type { Display } from './display'

/** One line per event: seconds since the start, name, facts. */
export function logLines(out: NodeJS.WritableStream): Display {
  return {
    follow: () => undefined,
    phase: () => undefined,
    happened: ({ atMs, name, text }) => void out.write(`${(atMs / 1000).toFixed(2).padStart(7)}  ${name.padEnd(16)}  ${text}\n`),
    close: () => undefined,
  }
}
