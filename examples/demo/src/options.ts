import { parseArgs } from 'node:util'

/** What the command line says. */
export interface DemoOptions {
  /** How long the callers work. @default 20 */
  readonly seconds: number
}

/** A command line that says nothing we know. */
export class ArgumentError extends Error {}

const USAGE = 'the only option is --seconds N, with N of at least 1'

/** Throws `ArgumentError`, whose message is one line. */
export function readOptions(args: readonly string[]): DemoOptions {
  const text = secondsIn(args)
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!(seconds >= 1 && seconds < Infinity)) throw new ArgumentError(`--seconds ${JSON.stringify(text)}: ${USAGE}`)
  return { seconds }
}

function secondsIn(args: readonly string[]): string {
  try {
    return parseArgs({ args: [...args], options: { seconds: { type: 'string', default: '20' } } }).values.seconds
  } catch (error) {
    const [firstSentence] = (error as Error).message.split(/\.?\s*\n|\. /)
    throw new ArgumentError(`${firstSentence}: ${USAGE}`)
  }
}
