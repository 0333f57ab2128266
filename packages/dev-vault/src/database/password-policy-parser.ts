/** How passwords of a policy are made: `length` characters, of each rule's at least so many. */
export interface PasswordPolicy {
  readonly length: number
  readonly rules: readonly { readonly charset: readonly string[]; readonly minChars: number }[]
}

type Block = Map<string, unknown[]>

const TOKEN = /(?:\s|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*(?:("(?:[^"\\\n]|\\.)*")|([A-Za-z_][\w-]*)|(-?\d+)|([{}=])|$)/y

/** Reads `length = 20` and `rule "charset" { charset = "abc" min-chars = 1 }`, or the same as JSON. Throws an Error saying what is wrong. */
export function parsePolicyBlocks(text: string): PasswordPolicy {
  const root = text.trimStart().startsWith('{') ? jsonBlock(text) : new HclParser(text).parse()
  return { length: integer('length', root.get('length')?.at(-1) ?? 0), rules: (root.get('rule') ?? []).map(rule) }
}

function rule(value: unknown): PasswordPolicy['rules'][number] {
  const [type, data] = value instanceof Map ? ([...(value as Block)][0] ?? []) : []
  if (type === undefined) throw new Error('unable to parse rules: unable to get rule info: rule is empty')
  if (type !== 'charset') throw new Error(`unable to parse rules: unable to parse rule ${type}: unrecognized rule type ${type}`)
  const block = data![0]
  if (!(block instanceof Map)) throw new Error('unable to parse rules: unable to get rule info: rule info cannot be empty')
  const settings = block as Block
  const charset = settings.get('charset')?.[0] ?? ''
  if (typeof charset !== 'string')
    throw new Error('unable to parse rules: unable to parse rule charset: the charset is no string')
  return { charset: [...charset], minChars: Math.max(0, integer('min-chars', settings.get('min-chars')?.[0] ?? 0)) }
}

function integer(name: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number
  throw new Error(`failed to decode configuration: '${name}' expected type 'int'`)
}

function jsonBlock(text: string): Block {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('unable to decode: the JSON is broken')
  }
  return asBlock(value) as Block
}

/** Objects become blocks; a list says the same key several times. */
function asBlock(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return new Map(Object.entries(value).map(([key, item]) => [key, (Array.isArray(item) ? item : [item]).map(asBlock)]))
}

class HclParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Block {
    return this.#block(undefined)
  }

  /** Attributes and blocks up to `end`; `undefined` is the end of the text. */
  #block(end: '}' | undefined): Block {
    const block: Block = new Map()
    for (let token = this.#next(); token !== end; token = this.#next()) {
      if (token === undefined || !/^[A-Za-z_"]/.test(token)) throw this.#unexpected(token)
      const key = token.startsWith('"') ? unquoted(token) : token
      const value = this.#value()
      const isRepeatable = value instanceof Map
      if (block.has(key) && !isRepeatable)
        throw new Error(`unable to decode: The argument "${key}" at was already set. Each argument can only be defined once`)
      block.set(key, [...(block.get(key) ?? []), value])
    }
    return block
  }

  #value(): unknown {
    const token = this.#next()
    if (token === '=') return this.#afterEquals()
    if (token === '{') return this.#block('}')
    // A label: the block below it is the value of a block with that name.
    if (token?.startsWith('"')) return new Map([[unquoted(token), [this.#value()]]])
    throw this.#unexpected(token)
  }

  #afterEquals(): unknown {
    const token = this.#next()
    if (token === '{') return this.#block('}')
    if (token?.startsWith('"')) return unquoted(token)
    if (token !== undefined && /^-?\d/.test(token)) return Number(token)
    throw this.#unexpected(token)
  }

  #next(): string | undefined {
    TOKEN.lastIndex = this.#at
    const match = TOKEN.exec(this.#text)
    if (match === null) throw this.#unexpected(this.#text.slice(this.#at).trim()[0])
    this.#at = TOKEN.lastIndex
    return match[1] ?? match[2] ?? match[3] ?? match[4]
  }

  #unexpected(token: string | undefined): Error {
    const lines = this.#text.slice(0, this.#at).split('\n')
    const position = `${lines.length}:${lines.at(-1)!.length + 1}`
    return new Error(
      `unable to decode: At ${position}: ${token === undefined ? 'object expected closing RBRACE got: EOF' : `Unknown token: ${token}`}`,
    )
  }
}

function unquoted(literal: string): string {
  try {
    return JSON.parse(literal) as string
  } catch {
    return literal.slice(1, -1)
  }
}
