import { createHash, randomUUID } from 'node:crypto'
import { goTime } from '../go-time'
import { randomBase62 } from './names'
import { parseTemplate, type Expression, type Template } from './username-template-parser'

/** What a `username_template` may use. */
export interface UsernameMetadata {
  readonly DisplayName: string
  readonly RoleName: string
  readonly nowMs: number
}

type Value = string | number

/** Makes user names by a template. */
export type UsernameTemplate = (metadata: UsernameMetadata) => string

/**
 * Reads a `username_template`: Go's template language with fields, literals, pipes, parentheses and the functions that Vault names, but
 * without its statements and variables. Throws an Error with Vault's text for what it cannot read, or not run with empty names.
 */
export function usernameTemplate(text: string): UsernameTemplate {
  const template = readTemplate(text)
  const make: UsernameTemplate = (metadata) => {
    try {
      return template.map((part) => (typeof part === 'string' ? part : String(evaluate(part, metadata)))).join('')
    } catch (error) {
      throw new Error(`unable to apply template: template: template: ${(error as Error).message}`)
    }
  }
  try {
    make({ DisplayName: '', RoleName: '', nowMs: 0 })
  } catch (error) {
    throw new Error(`invalid username template: ${(error as Error).message}`)
  }
  return make
}

function readTemplate(text: string): Template {
  try {
    return parseTemplate(text, (name) => Object.hasOwn(FUNCTIONS, name))
  } catch (error) {
    const message = (error as Error).message
    throw new Error(`unable to initialize username template: unable to parse template: template: template:1: ${message}`)
  }
}

function evaluate(expression: Expression, metadata: UsernameMetadata): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'field':
      if (expression.name === 'DisplayName' || expression.name === 'RoleName') return metadata[expression.name]
      throw new Error(
        `executing "template" at <.${expression.name}>: can't evaluate field ${expression.name} in type dbplugin.UsernameMetadata`,
      )
    case 'call': {
      const { arity, run } = FUNCTIONS[expression.name]!
      const values = expression.args.map((arg) => evaluate(arg, metadata))
      if (arity !== undefined && values.length !== arity) {
        throw new Error(
          `executing "template" at <${expression.name}>: wrong number of args for ${expression.name}: want ${arity} got ${values.length}`,
        )
      }
      return run(values, metadata.nowMs)
    }
  }
}

interface TemplateFunction {
  /** Absent: any number. */
  readonly arity?: number
  readonly run: (values: readonly Value[], nowMs: number) => Value
}

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  random: { arity: 1, run: ([length]) => randomBase62(wholeNumber('random', length)) },
  truncate: { arity: 2, run: ([length, value]) => truncate(wholeNumber('truncate', length), text('truncate', value)) },
  truncate_sha256: {
    arity: 2,
    run: ([length, value]) => truncateSha256(wholeNumber('truncate_sha256', length), text('truncate_sha256', value)),
  },
  uppercase: { arity: 1, run: ([value]) => text('uppercase', value).toUpperCase() },
  lowercase: { arity: 1, run: ([value]) => text('lowercase', value).toLowerCase() },
  replace: {
    arity: 3,
    run: ([find, by, value]) => text('replace', value).replaceAll(text('replace', find), () => text('replace', by)),
  },
  sha256: { arity: 1, run: ([value]) => sha256(text('sha256', value)) },
  base64: { arity: 1, run: ([value]) => Buffer.from(text('base64', value)).toString('base64') },
  unix_time: { arity: 0, run: (_, nowMs) => String(Math.floor(nowMs / 1000)) },
  unix_time_millis: { arity: 0, run: (_, nowMs) => String(Math.floor(nowMs)) },
  timestamp: { arity: 1, run: ([layout], nowMs) => goTime(text('timestamp', layout), nowMs) },
  uuid: { arity: 0, run: () => randomUUID() },
  printf: { run: ([format, ...values]) => printf(text('printf', format), values) },
}

function truncate(length: number, value: string): string {
  if (length <= 0)
    throw new Error(
      `executing "template" at <truncate ${length}>: error calling truncate: max length must be > 0 but was ${length}`,
    )
  return Buffer.from(value).subarray(0, length).toString('utf8')
}

function truncateSha256(length: number, value: string): string {
  if (length <= 8) {
    throw new Error(
      `executing "template" at <truncate_sha256 ${length}>: error calling truncate_sha256: max length must be > 8 but was ${length}`,
    )
  }
  const bytes = Buffer.from(value)
  if (bytes.length <= length) return value
  return bytes.subarray(0, length - 8).toString('utf8') + sha256(bytes.subarray(length - 8)).slice(0, 8)
}

function sha256(value: string | Buffer): string {
  return createHash('sha256').update(value).digest('hex')
}

/** Only what a name can need: `%s`, `%v`, `%d` and `%%`. */
function printf(format: string, values: readonly Value[]): string {
  let next = 0
  return format.replace(/%(.)/g, (_, verb: string) => {
    if (verb === '%') return '%'
    if (!'svd'.includes(verb)) throw new Error(`dev-vault does not know %${verb} in printf; it knows %s, %v, %d and %%`)
    const value = values[next++]
    return value === undefined ? `%!${verb}(MISSING)` : String(value)
  })
}

function text(name: string, value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw new Error(`executing "template" at <${name}>: wrong type for value; expected string; got int`)
}

function wholeNumber(name: string, value: Value | undefined): number {
  if (typeof value === 'number') return value
  throw new Error(`executing "template" at <${name}>: wrong type for value; expected int; got string`)
}
