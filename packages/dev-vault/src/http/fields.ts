import { parseSeconds } from '../durations'
import { VaultError } from './respond'

/**
 * What a field may hold, by the getter of {@link Fields} that reads it: `list` also takes one string with commas, `strings` a string
 * that is its only item, `stringMap` also a list of `key=value`, `map` any object; `any` takes everything.
 */
export type FieldKind =
  'string' | 'integer' | 'integers' | 'boolean' | 'seconds' | 'list' | 'strings' | 'stringMap' | 'map' | 'any'

/** The fields that a route knows, those of its path among them. */
export type FieldSchema = Readonly<Record<string, FieldKind>>

const FAILED = 'Field validation failed: '

/** What Go's ParseBool takes. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False', ''].map((text) => [text, false] as const),
])

/**
 * What a request gives by name, read as leniently as Vault does: numbers for strings, `"true"` for booleans; `null` is the empty
 * value of its kind. Every getter answers 400 `Field validation failed` if the field has the wrong type; the value itself is never
 * repeated, since it may be a secret.
 */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(values: object) {
    this.#values = new Map(Object.entries(values))
  }

  /** The names of all fields that were sent. */
  names(): string[] {
    return [...this.#values.keys()]
  }

  /** Everything that was sent, for routes that take any field. */
  all(): Record<string, unknown> {
    return Object.fromEntries(this.#values)
  }

  /** Whether a field was sent, also as `null`. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The same fields with those of the path over them, and the names of those that were replaced, sorted. */
  withCaptured(captured: Readonly<Record<string, string>>): { fields: Fields; replaced: string[] } {
    const replaced = Object.keys(captured).filter((name) => (this.#values.get(name) ?? null) !== null)
    return { fields: new Fields({ ...this.all(), ...captured }), replaced: replaced.sort() }
  }

  /** Refuses, as Vault does before it runs a route, every known field of a wrong type, also one that nobody reads. */
  validate(schema: FieldSchema): void {
    for (const [name, kind] of Object.entries(schema)) if (kind !== 'any') this[kind](name)
  }

  /** The same before Vault looks whether what is to be written is there: then the texts lack their beginning. */
  validateEarly(schema: FieldSchema): void {
    try {
      this.validate(schema)
    } catch (error) {
      throw error instanceof VaultError ? new VaultError(error.status, error.message.replace(FAILED, '')) : error
    }
  }

  /** The names of those that `schema` does not know, sorted. */
  unknown(schema: FieldSchema): string[] {
    return this.names()
      .filter((name) => !Object.hasOwn(schema, name))
      .sort()
  }

  /** The same fields with these in place of those of the same name. */
  with(values: Readonly<Record<string, unknown>>): Fields {
    return new Fields({ ...Object.fromEntries(this.#values), ...values })
  }

  /** As it was sent. */
  any(name: string): unknown {
    return this.#values.get(name)
  }

  string(name: string): string | undefined {
    const value = this.#values.get(name)
    return value === undefined ? undefined : (textOrNothing(value) ?? fail(name, wrongType('string', value)))
  }

  integer(name: string): number | undefined {
    const value = this.#values.get(name)
    return value === undefined ? undefined : integerOf(name, value)
  }

  /** A list of whole numbers, or one string with commas and without blanks. */
  integers(name: string): number[] | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (value === null || value === '' || isEmptyObject(value)) return []
    const items: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
    return items.map((item) => integerOf(name, item))
  }

  boolean(name: string): boolean | undefined {
    const value = this.#values.get(name)
    if (value === undefined || typeof value === 'boolean') return value
    const text = textOrNothing(value)
    if (text === undefined) return fail(name, wrongType('bool', value))
    return BOOLEANS.get(text) ?? fail(name, `cannot parse '' as bool: invalid syntax`)
  }

  /** Whole seconds, 0 or more. `null` counts as absent. */
  seconds(name: string): number | undefined {
    const value = this.#values.get(name) ?? undefined
    if (value === undefined) return undefined
    const seconds = parseSeconds(value)
    if (seconds === undefined)
      return fail(name, typeof value === 'object' ? 'could not parse duration from input' : 'invalid duration')
    if (seconds < 0) return fail(name, `cannot provide negative value '${seconds}'`)
    return seconds
  }

  /** A list, or one string with commas. */
  list(name: string): string[] | undefined {
    const value = this.#values.get(name)
    const items = typeof value === 'string' ? (value === '' ? [] : value.split(',')) : this.strings(name)
    return items?.map((item) => item.trim())
  }

  /** A list, or one string that is its only item. */
  strings(name: string): string[] | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (value === null || value === '' || isEmptyObject(value)) return []
    const items = Array.isArray(value) ? value : [value]
    return items.map((item) => textOrNothing(item) ?? fail(name, wrongType('string', item)))
  }

  /** An object with string values, or a list of `key=value`. */
  stringMap(name: string): Record<string, string> | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (value === null) return {}
    if (typeof value === 'object' && !Array.isArray(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, textOrNothing(item) ?? fail(name, wrongType('string', item))]),
      )
    }
    return Object.fromEntries(this.strings(name)!.map((pair) => keyAndValue(name, pair)))
  }

  /** Any object. */
  map(name: string): Record<string, unknown> | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (value === null) return {}
    if (Array.isArray(value) && value.length === 0) return {}
    if (typeof value === 'object' && !Array.isArray(value)) return { ...value }
    return fail(name, wrongType('map', value))
  }
}

function integerOf(name: string, value: unknown): number {
  if (value === null || value === '') return 0
  if (typeof value === 'boolean') return Number(value)
  const number = typeof value === 'string' && /^-?(\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  return fail(name, typeof value === 'object' ? wrongType('int', value) : `cannot parse '' as int: invalid syntax`)
}

/** The text of anything that is not a list or an object. */
function textOrNothing(value: unknown): string | undefined {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return typeof value === 'boolean' ? (value ? '1' : '0') : undefined
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function keyAndValue(name: string, pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at > 0 ? [pair.slice(0, at), pair.slice(at + 1)] : fail(name, 'invalid key pair')
}

function wrongType(wanted: string, value: unknown): string {
  const type = Array.isArray(value) ? '[]interface {}' : typeof value === 'object' ? 'map[string]interface {}' : typeof value
  return `'' expected type '${wanted}', got unconvertible type '${type}'`
}

function fail(name: string, why: string): never {
  throw new VaultError(400, `${FAILED}error converting input for field "${name}": ${why}`)
}
