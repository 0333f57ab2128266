/** A value of an HCL document. Blocks are maps; a block with a label, as `path "x" { … }`, is `{ path: { x: { … } } }`. */
export type HclValue = string | number | boolean | readonly HclValue[] | HclMap

/** A map of an HCL document; a key that is there twice has its maps side by side in `entries`. */
export interface HclMap {
  readonly entries: readonly (readonly [string, HclValue])[]
}

const TOKEN = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|("(?:[^"\\\n]|\\.)*"|[{}[\]=,:]|-?\d[\w.]*|[\w.-]+)/y

/**
 * Reads the part of HCL that policies are written in: blocks with and without a label, attributes, lists, maps, comments; JSON is
 * taken, too. Throws an Error that says what was met where.
 */
export function parseHcl(text: string): HclMap {
  const reader = new HclReader(tokensOf(text))
  return reader.peek() === '{' ? reader.document() : reader.entriesUntil(undefined)
}

/** The last value of a key. */
export function hclGet(map: HclMap, key: string): HclValue | undefined {
  return map.entries.findLast(([name]) => name === key)?.[1]
}

/** Whether a value is a map. */
export function isHclMap(value: HclValue | undefined): value is HclMap {
  return typeof value === 'object' && !Array.isArray(value)
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new Error(`illegal character at offset ${at}`)
    if (match[1] !== undefined) tokens.push(match[1])
  }
  return tokens
}

class HclReader {
  readonly #tokens: readonly string[]
  #next = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  peek(): string | undefined {
    return this.#tokens[this.#next]
  }

  /** JSON: one map and nothing after it. */
  document(): HclMap {
    this.#take('{')
    const map = this.entriesUntil('}')
    if (this.peek() !== undefined) throw unexpected(this.peek())
    return map
  }

  entriesUntil(end: '}' | undefined): HclMap {
    const entries: [string, HclValue][] = []
    while (this.peek() !== end) {
      entries.push(this.#entry())
      if (this.peek() === ',') this.#next += 1
    }
    if (end !== undefined) this.#take(end)
    return { entries }
  }

  #entry(): [string, HclValue] {
    const key = this.#key()
    if (this.peek() === '=' || this.peek() === ':') {
      this.#next += 1
      return [key, this.#value()]
    }
    if (this.peek() !== '{') return [key, { entries: [[this.#key(), this.#block()]] }]
    return [key, this.#block()]
  }

  #block(): HclMap {
    this.#take('{')
    return this.entriesUntil('}')
  }

  #value(): HclValue {
    const token = this.peek()
    if (token === '{') return this.#block()
    if (token === '[') return this.#list()
    this.#next += 1
    if (token?.startsWith('"')) return unquoted(token)
    if (token === 'true' || token === 'false') return token === 'true'
    if (token !== undefined && /^-?\d+(\.\d+)?$/.test(token)) return Number(token)
    throw unexpected(token)
  }

  #list(): HclValue[] {
    const items: HclValue[] = []
    this.#take('[')
    while (this.peek() !== ']') {
      items.push(this.#value())
      if (this.peek() !== ']') this.#take(',')
    }
    this.#take(']')
    return items
  }

  #key(): string {
    const token = this.peek()
    if (token === undefined || /^[{}[\]=,:]$/.test(token)) throw unexpected(token)
    this.#next += 1
    return token.startsWith('"') ? unquoted(token) : token
  }

  #take(token: string): void {
    if (this.peek() !== token) throw unexpected(this.peek(), token)
    this.#next += 1
  }
}

function unquoted(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    throw new Error(`invalid string ${token}`)
  }
}

function unexpected(token: string | undefined, wanted?: string): Error {
  return new Error(`unexpected ${token ?? 'end of text'}${wanted === undefined ? '' : `, expected ${wanted}`}`)
}
