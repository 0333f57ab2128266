/** An option of the command line has a value that cannot be used. Its message names the option and says what is expected. */
export class UsageError extends Error {
  constructor(
    /** As it is typed, such as `--ttl`. */
    readonly option: string,
    readonly expected: string,
    /** What came; leave it out where it may hold a password. */
    readonly received?: string,
  ) {
    super(`${option}${received === undefined ? '' : ` ${JSON.stringify(received)}`}: expected ${expected}`)
    this.name = 'UsageError'
  }
}

/** Something failed that the user can mend: the message is a sentence that says how. */
export class CommandError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
  }
}

/** The text of an error, with those of its causes where it is one of several. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
