import { OptionError } from './errors'

/** Checks one value: returns `undefined` when it is right, else what was expected. */
export type OptionCheck = (value: unknown) => string | undefined

/** What an object of options may hold. Every name that is not here is an error. */
export type OptionRules<T> = { readonly [K in keyof Required<T>]: { readonly check: OptionCheck; readonly required?: boolean } }

/**
 * Throws {@link OptionError} for the first option that is unknown, missing or wrong. `where` prefixes the names in messages, such as
 * `vaultCredentials`. Values are never printed, only what kind of thing they are, except numbers and booleans.
 */
export function checkOptions<T extends object>(where: string, options: unknown, rules: OptionRules<T>): asserts options is T {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError(where, 'an object of options', describe(options))
  }
  const known = Object.keys(rules)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new OptionError(`${where}.${name}`, unknownName(name, known), 'an unknown name')
  }
  for (const [name, rule] of Object.entries(rules) as [string, { check: OptionCheck; required?: boolean }][]) {
    const value = (options as Record<string, unknown>)[name]
    if (value === undefined && rule.required !== true) continue
    const expected = rule.check(value)
    if (expected !== undefined) throw new OptionError(`${where}.${name}`, expected, describe(value))
  }
}

/** Those of `options` that `rules` knows. */
export function pick<T extends object>(options: object, rules: OptionRules<T>): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(rules, name))) as Partial<T>
}

/** A number of milliseconds between `min` and `max`, both included. */
export function milliseconds(min: number, max = Number.MAX_SAFE_INTEGER): OptionCheck {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return (value) => (typeof value === 'number' && value >= min && value <= max ? undefined : `a number of milliseconds ${range}`)
}

export function wholeNumber(min: number): OptionCheck {
  return (value) => (Number.isSafeInteger(value) && (value as number) >= min ? undefined : `a whole number of at least ${min}`)
}

export const positiveNumber: OptionCheck = (value) =>
  typeof value === 'number' && value > 0 && value < Infinity ? undefined : 'a number above 0'

/** A number strictly between 0 and 1. */
export const fraction: OptionCheck = (value) =>
  typeof value === 'number' && value > 0 && value < 1 ? undefined : 'a number above 0 and below 1'

export const nonEmptyString: OptionCheck = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a non-empty string'

export const aBoolean: OptionCheck = (value) => (typeof value === 'boolean' ? undefined : 'true or false')

export const aFunction: OptionCheck = (value) => (typeof value === 'function' ? undefined : 'a function')

/** An object with a method of each of these names. */
export function objectWith(...methods: string[]): OptionCheck {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    methods.every((m) => typeof (value as Record<string, unknown>)[m] === 'function')
      ? undefined
      : `an object with ${methods.map((m) => `${m}()`).join(' and ')}`
}

/** An `http:` or `https:` URL. */
export const httpUrl: OptionCheck = (value) => {
  const expected = 'a URL such as "https://vault.internal:8200"'
  if (typeof value !== 'string' || !URL.canParse(value)) return expected
  const { protocol, username } = new URL(value)
  if (username !== '') return 'a URL without a user name in it'
  return protocol === 'http:' || protocol === 'https:' ? undefined : expected
}

/** What kind of thing a value is, without showing a text that may be secret. */
export function describe(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return value === '' ? 'an empty string' : `a string of ${value.length} characters`
  if (Array.isArray(value)) return `an array of ${value.length}`
  return typeof value === 'function' ? 'a function' : `an object with keys ${Object.keys(value as object).join(', ') || '(none)'}`
}

function unknownName(name: string, known: readonly string[]): string {
  const near = known.find((k) => k.toLowerCase() === name.toLowerCase() || distance(k, name) <= 2)
  return near === undefined ? `one of ${known.join(', ')}` : `"${near}"`
}

/** Levenshtein distance: how many letters differ. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const above = row
    row = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const change = (above[j] ?? 0) + (letter === other ? 0 : 1)
      row.push(Math.min(change, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1))
    }
  }
  return row.at(-1) ?? 0
}
