import type { Library } from './library'
import type { Program, Step } from './program'

/** What a program saw: of each lane what each step gave, or failed with, in order. */
export type Transcript = readonly (readonly unknown[])[]

/**
 * Lane `n` has `tables[n]`. With `rotate`, which is called where the program says so, all lanes work at the same time; without it, one
 * after the other: who shares a pool of Knex with a stream can get a connection that somebody else has too.
 */
export async function run<Scope>(
  program: Program,
  library: Library<Scope>,
  tables: readonly string[],
  rotate?: () => Promise<void>,
): Promise<Transcript> {
  const rotations: Promise<void>[] = []
  const lanes = program.map((steps, number) => () => {
    const lane = new Lane(library, tables[number]!, async (waits) => {
      if (rotate === undefined) return
      const rotated = rotate()
      rotations.push(rotated)
      if (waits) await rotated
    })
    return lane.run(steps)
  })
  const transcripts: (readonly unknown[])[] = []
  if (rotate === undefined) for (const lane of lanes) transcripts.push(await lane())
  else transcripts.push(...(await Promise.all(lanes.map((lane) => lane()))))
  await Promise.all(rotations)
  return transcripts
}

class Lane<Scope> {
  readonly #library: Library<Scope>
  readonly #table: string
  readonly #rotate: (waits: boolean) => Promise<void>

  constructor(library: Library<Scope>, table: string, rotate: (waits: boolean) => Promise<void>) {
    this.#library = library
    this.#table = table
    this.#rotate = rotate
  }

  async run(steps: readonly Step[]): Promise<readonly unknown[]> {
    const transcript: unknown[] = []
    for (const step of steps) await this.#take(this.#library.root, step, transcript).catch(() => undefined)
    return transcript
  }

  /** Writes down what came of it, and rejects if it failed. */
  async #take(scope: Scope, step: Step, transcript: unknown[]): Promise<void> {
    if (step.do === 'rotate') return this.#rotate(step.waits)
    const within: unknown[] = []
    const entry: Record<string, unknown> = { step: step.do, within }
    transcript.push(entry)
    try {
      if (step.do === 'transaction') await this.#transaction(scope, step, within)
      else entry['gave'] = plain(await simple(this.#library, scope, this.#table, step))
    } catch (error) {
      entry['failed'] = whatAppsSee(error)
      throw error
    }
  }

  /** As apps have it: the first statement that fails is the end of its transaction, but not of the one around that. */
  #transaction(scope: Scope, { steps, end }: Extract<Step, { do: 'transaction' }>, within: unknown[]): Promise<void> {
    return this.#library.transaction(scope, async (inner) => {
      for (const step of steps) {
        const taken = this.#take(inner, step, within)
        await (step.do === 'transaction' ? taken.catch(() => undefined) : taken)
      }
      if (end === 'throw') throw new Thrown('as the program says')
    })
  }
}

class Thrown extends Error {
  override readonly name = 'Thrown'
}

function simple<Scope>(
  library: Library<Scope>,
  scope: Scope,
  table: string,
  step: Exclude<Step, { do: 'transaction' | 'rotate' }>,
): Promise<unknown> {
  switch (step.do) {
    case 'insert':
    case 'update':
      return library[step.do](scope, table, step.id, step.label)
    case 'delete':
    case 'find':
      return library[step.do](scope, table, step.id)
    case 'list':
      return library.list(scope, table)
    case 'page':
      return library.page(scope, table, step.after, step.limit)
    case 'raw':
      return library.raw(scope, step.value)
    case 'fail':
      return library.fail(scope, table, step.how)
    case 'stream':
      return library.stream(scope, table, step.rows)
  }
}

/** What an app can tell of an error. */
const OF_ERRORS = ['code', 'errno', 'sqlState', 'severity', 'detail', 'constraint', 'table', 'column', 'query'] as const

function whatAppsSee(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const more = Object.fromEntries(OF_ERRORS.map((name) => [name, (error as unknown as Record<string, unknown>)[name]]))
  return { class: error.constructor.name, name: error.name, message: withoutNumber(error.message), ...more }
}

/** Knex numbers its savepoints through the life of the process. */
function withoutNumber(message: string): string {
  return message.replaceAll(/\btrx\d+/g, 'trx')
}

/** Without prototypes: rows of pg and mysql2 are of classes made for each query. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}
