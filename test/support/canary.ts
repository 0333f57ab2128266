import { format } from 'node:util'
import { afterAll } from 'vitest'
import { LeasepoolError } from '../../packages/core/src/errors'
import { LeasedCredentials } from '../../packages/core/src/leased-credentials'

/**
 * In every test of the run: whatever was issued or given as a secret is looked for in everything that leasepool said. Secrets are what
 * anybody parsed out of JSON under these names: the answers of every Vault, and the requests to those that run in here. Said is what was
 * emitted, thrown, shown by `status()`, printed, and in Node's diagnostic report.
 *
 * What runs in another process is not seen: `test/failure/secrets.test.ts` looks closer, at one app.
 */
const SECRET_KEYS = new Set(['client_token', 'password', 'secret_id', 'lease_id', 'jwt', 'token'])
const SHORTEST = 12

const secrets = new Set<string>()
/** Words, so that a run of a hundred thousand events and secrets is looked through in no time. */
const said = new Map<string, string>()

function keep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value)) {
    if (typeof one !== 'string') keep(one)
    // A lease id is a path; whoever knows its last part knows it.
    else if (SECRET_KEYS.has(key) && one.length >= SHORTEST) secrets.add(one).add(one.split('/').at(-1)!)
  }
}

function note(where: string, text: string): void {
  for (const word of text.split(/[^\w./-]+/)) {
    if (word.length < SHORTEST) continue
    said.set(word, where)
    if (word.includes('/')) said.set(word.split('/').at(-1)!, where)
  }
}

/** Every text in a value, hidden or not. Texts come again and again: each is looked at once. */
function noteAll(where: string, value: unknown, above: readonly unknown[] = []): void {
  if (typeof value === 'string') {
    if (heard.has(value)) return
    heard.add(value)
    note(where, value)
  } else if (typeof value === 'object' && value !== null && above.length < 8 && !above.includes(value)) {
    const more = [...above, value]
    for (const { value: one } of Object.values(Object.getOwnPropertyDescriptors(value))) noteAll(where, one, more)
  }
}
const heard = new Set<string>()

const { parse } = JSON
JSON.parse = ((...given: Parameters<typeof parse>): unknown => {
  const value: unknown = parse(...given)
  keep(value)
  return value
}) as typeof parse

/** A subclass calls the constructor of whatever its prototype is at that moment. */
class NotedError extends Error {
  constructor(...given: ConstructorParameters<typeof Error>) {
    super(...given)
    if (thrown.length > 1_000) noteThrown() // not this one: it gets its fields after this
    thrown.push(this)
  }
}
const thrown: Error[] = []
Object.setPrototypeOf(LeasepoolError, NotedError)

function noteThrown(): void {
  for (const error of thrown.splice(0)) noteAll(error.name, error)
}

const prototype = LeasedCredentials.prototype as { emit(name: string, ...event: unknown[]): boolean; status(): object }
const { emit, status } = prototype
prototype.emit = function (this: LeasedCredentials, name, ...event) {
  noteAll(`event ${name}`, event)
  return emit.call(this, name, ...event)
}
prototype.status = function (this: LeasedCredentials) {
  const shown = status.call(this)
  noteAll('status()', shown)
  return shown
}

for (const name of ['debug', 'error', 'info', 'log', 'warn'] as const) {
  const print = console[name].bind(console)
  console[name] = (...given: unknown[]) => {
    note(`console.${name}`, format(...given))
    print(...given)
  }
}
process.on('warning', (warning) => noteAll('a warning', warning))

/** Who said which of the secrets so far. */
export function leaks(): ReadonlyMap<string, string> {
  noteThrown()
  note('the diagnostic report', JSON.stringify(process.report.getReport()))
  return new Map([...said].filter(([word]) => secrets.has(word)))
}

/** It was meant to be said. */
export function forget(secret: string): void {
  secrets.delete(secret)
}

afterAll(() => {
  const found = leaks()
  // Not the secrets themselves: this is printed.
  if (found.size > 0) throw new Error(`${found.size} secrets were said, by ${[...new Set(found.values())].join(', ')}`)
})
