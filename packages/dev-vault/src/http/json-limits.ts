/** Vault 1.21's limits for JSON bodies (http/handler.go); lengths in bytes. */
const MAX_DEPTH = 300
const MAX_STRING_BYTES = 2 ** 20
const MAX_ENTRIES = 10_000
const MAX_TOKENS = 500_000

interface Container {
  readonly isObject: boolean
  readonly keys: Set<string>
  count: number
  expectsKey: boolean
}

/**
 * What Vault 1.21 says, with status 500, of a JSON object or list that is too deep, too long or not well formed, before it looks at
 * path, seal or token; `undefined` for bodies that pass, and for all that does not start with a bracket.
 */
export function jsonProblem(text: string): string | undefined {
  const body = text.replace(/^\uFEFF?[\s]*/, '')
  return body.startsWith('{') || body.startsWith('[') ? new JsonScan(body).problem() : undefined
}

/** A comma, colon, bracket, number, word, the start of a string or anything else, after white space. */
const TOKEN = /\s*([{}[\],:"]|-?\d[\d.eE+-]*|[tfn][a-z]*|\S)/suy

function* tokensOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)![1]!
    at = TOKEN.lastIndex
    if (token !== '"') {
      yield token
      continue
    }
    const end = endOfString(text, at)
    yield text.slice(at - 1, end)
    at = end
  }
}

/** Behind the closing quote, or right behind the opening one at `start - 1` if there is none. By hand: a long one exhausts an expression. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote
    while (text[first - 1] === '\\') first -= 1
    if ((quote - first) % 2 === 0) return quote + 1
  }
  return start
}

class JsonScan {
  readonly #text: string
  readonly #open: Container[] = []
  #afterComma = false

  constructor(text: string) {
    this.#text = text.trimEnd()
  }

  problem(): string | undefined {
    let tokens = 0
    for (const token of tokensOf(this.#text)) {
      if (tokens > 0 && this.#open.length === 0) return `invalid character '${[...token][0]}' after top-level value`
      if (++tokens > MAX_TOKENS) return 'JSON payload exceeds allowed token count'
      const problem = this.#take(token)
      if (problem !== undefined) return problem
    }
    return this.#open.length > 0 ? 'malformed JSON, unclosed containers' : undefined
  }

  #take(token: string): string | undefined {
    const inside = this.#open.at(-1)
    const afterComma = this.#afterComma
    this.#afterComma = token === ','
    switch (token[0]!) {
      case '{':
      case '[':
        return this.#enter(token === '{', inside)
      case '}':
      case ']':
        return this.#leave(token, inside!, afterComma)
      case ',':
        inside!.expectsKey = inside!.isObject
        return undefined
      case ':':
        return undefined
      default:
        return this.#value(token, inside!)
    }
  }

  #enter(isObject: boolean, inside: Container | undefined): string | undefined {
    const problem = inside === undefined ? undefined : counted(inside)
    if (problem !== undefined) return problem
    this.#open.push({ isObject, keys: new Set(), count: 0, expectsKey: isObject })
    return this.#open.length > MAX_DEPTH ? 'JSON input exceeds allowed nesting depth' : undefined
  }

  #leave(token: string, inside: Container, afterComma: boolean): string | undefined {
    if (afterComma) return `invalid character '${token}' after ${token === '}' ? 'object key-value pair' : 'array element'}`
    if (inside.isObject && !inside.expectsKey) return "invalid character '}' after object key"
    if (inside.isObject !== (token === '}')) return `malformed JSON: mismatched closing delimiter '${token}'`
    this.#open.pop()
    const outside = this.#open.at(-1)
    if (outside?.isObject) outside.expectsKey = true
    return undefined
  }

  #value(token: string, inside: Container): string | undefined {
    if (token === '"') return 'malformed JSON, unclosed string'
    if (token.startsWith('"')) return stringProblem(token) ?? (inside.expectsKey ? keyProblem(token, inside) : counted(inside))
    if (!/^[-\dtfn]/.test(token)) return `invalid character '${[...token][0]}' looking for beginning of value`
    return counted(inside)
  }
}

/** A value in a list counts; one in an object was counted with its key. */
function counted(inside: Container): string | undefined {
  if (inside.isObject) inside.expectsKey = true
  else if (++inside.count > MAX_ENTRIES) return 'JSON array exceeds allowed element count'
  return undefined
}

function keyProblem(token: string, inside: Container): string | undefined {
  const key = unescaped(token)
  if (inside.keys.has(key)) return `duplicate key '${key}' in object`
  inside.keys.add(key)
  inside.expectsKey = false
  return ++inside.count > MAX_ENTRIES ? 'JSON object exceeds allowed entry count' : undefined
}

function stringProblem(token: string): string | undefined {
  // No character of UTF-16 takes more than three bytes, so that short strings need no counting.
  if (token.length * 3 > MAX_STRING_BYTES && Buffer.byteLength(token) - 2 > MAX_STRING_BYTES)
    return 'JSON string value exceeds allowed length'
  const bad = /\\([^"\\/bfnrtu])/s.exec(token.replaceAll('\\\\', ''))?.[1]
  return bad === undefined ? undefined : `invalid character '${bad}' in string escape code`
}

function unescaped(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    return token
  }
}
