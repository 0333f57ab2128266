/** One value of a template. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }

/** Texts and, between them, what was in `{{ }}`. */
export type Template = readonly (string | Expression)[]

const ACTION = /\{\{(?:-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`}]|\}(?!\}))*?)(?:(?<=\s)-)?\}\}/g

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+)|\.(\w*)|([A-Za-z_]\w*)|([|()]))\s*/y

const STATEMENTS = ['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue']

/** Reads a template. Throws an Error with Go's text, or saying what dev-vault does not support of Go's language. */
export function parseTemplate(text: string, isFunction: (name: string) => boolean): Template {
  const parts: (string | Expression)[] = []
  let end = 0
  let trimsNext = false
  for (const match of text.matchAll(ACTION)) {
    parts.push(plainText(text.slice(end, match.index), trimsNext, match[0].startsWith('{{- ')))
    end = match.index + match[0].length
    trimsNext = match[0].endsWith(' -}}')
    if (/^\/\*[\s\S]*\*\/$/.test(match[1]!.trim())) continue
    parts.push(new ActionParser(match[1]!, isFunction).parse())
  }
  const rest = text.slice(end)
  if (rest.includes('{{')) throw new Error('unclosed action')
  return [...parts, plainText(rest, trimsNext, false)]
}

function plainText(text: string, trimsStart: boolean, trimsEnd: boolean): string {
  const started = trimsStart ? text.trimStart() : text
  return trimsEnd ? started.trimEnd() : started
}

/** `value arg arg | function arg`: the value of each command becomes the last argument of the next. */
class ActionParser {
  readonly #text: string
  readonly #isFunction: (name: string) => boolean
  #at = 0

  constructor(text: string, isFunction: (name: string) => boolean) {
    this.#text = text
    this.#isFunction = isFunction
  }

  parse(): Expression {
    const expression = this.#pipeline()
    if (this.#at < this.#text.length)
      throw new Error(`unexpected ${JSON.stringify(this.#text.slice(this.#at).trim())} in command`)
    return expression
  }

  #pipeline(): Expression {
    let value = this.#command(undefined)
    while (this.#skip('|')) value = this.#command(value)
    return value
  }

  #command(piped: Expression | undefined): Expression {
    const first = this.#operand()
    if (first === undefined) throw new Error('missing value for command')
    const args: Expression[] = []
    for (let arg = this.#operand(); arg !== undefined; arg = this.#operand()) args.push(arg)
    const given = piped === undefined ? args : [...args, piped]
    if (first.kind === 'call' && first.args.length === 0) return { ...first, args: given }
    if (given.length > 0) throw new Error(`can't give argument to non-function`)
    return first
  }

  #operand(): Expression | undefined {
    const start = this.#at
    TOKEN.lastIndex = start
    const match = TOKEN.exec(this.#text)
    if (match === null) {
      if (this.#text.slice(start).trim() === '') return void (this.#at = this.#text.length)
      throw new Error(`dev-vault cannot read ${JSON.stringify(this.#text.slice(start).trim())} in a template`)
    }
    const [, quoted, raw, digits, field, word, sign] = match
    if (sign === '|' || sign === ')') return undefined
    this.#at = TOKEN.lastIndex
    if (sign === '(') return this.#inParentheses()
    if (field !== undefined) return { kind: 'field', name: field }
    if (word !== undefined) return this.#functionNamed(word)
    if (digits !== undefined) return { kind: 'literal', value: Number(digits) }
    return { kind: 'literal', value: raw ?? unquoted(quoted!) }
  }

  #inParentheses(): Expression {
    const inner = this.#pipeline()
    if (!this.#skip(')')) throw new Error('unclosed left paren')
    // A call in parentheses is finished: what follows are no arguments of it.
    return inner.kind === 'call' ? { kind: 'call', name: 'printf', args: [{ kind: 'literal', value: '%v' }, inner] } : inner
  }

  #functionNamed(name: string): Expression {
    if (STATEMENTS.includes(name)) throw new Error(`dev-vault does not support {{${name}}} in a template`)
    if (!this.#isFunction(name)) throw new Error(`function ${JSON.stringify(name)} not defined`)
    return { kind: 'call', name, args: [] }
  }

  #skip(sign: string): boolean {
    TOKEN.lastIndex = this.#at
    if (TOKEN.exec(this.#text)?.[6] !== sign) return false
    this.#at = TOKEN.lastIndex
    return true
  }
}

function unquoted(literal: string): string {
  try {
    return JSON.parse(literal) as string
  } catch {
    throw new Error(`dev-vault cannot read the escapes in ${literal}`)
  }
}
