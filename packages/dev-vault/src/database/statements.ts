/** What a role's statements may mention. Plain text substitution without quoting, as in Vault. */
export interface StatementValues {
  readonly username: string
  readonly password?: string
  readonly expiration?: string
}

/**
 * Splits a role's statements as Vault's PostgreSQL plugin does: an element with the word `END` outside quotes stays whole, everything
 * else is split as {@link splitMysqlStatements} does.
 */
export function splitStatements(elements: readonly string[]): string[] {
  return elements.flatMap((element) => (hasEnd(element) ? [element.trim()] : splitElement(element))).filter(isNotEmpty)
}

/**
 * Splits as Vault's MySQL plugin does: a base64 text is decoded, the items of a JSON array stay whole, and everything else is cut at
 * every `;`, quoted or not.
 */
export function splitMysqlStatements(elements: readonly string[]): string[] {
  return elements.flatMap(splitElement).filter(isNotEmpty)
}

/** Puts the values into one statement. */
export function fillStatement(statement: string, values: StatementValues): string {
  const texts: Readonly<Record<string, string | undefined>> = {
    name: values.username,
    username: values.username,
    password: values.password,
    expiration: values.expiration,
  }
  // A function as replacement: a `$&` in a value must stay what it is.
  return statement.replace(
    /\{\{(name|username|password|expiration)\}\}/g,
    (placeholder, key: string) => texts[key] ?? placeholder,
  )
}

/** `2006-01-02 15:04:05-0700` in Go's notation, in UTC. */
export function expirationText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}+0000`
}

function isNotEmpty(statement: string): boolean {
  return statement !== ''
}

function splitElement(element: string): string[] {
  const text = decodedBase64(element.trim())
  return jsonItems(text) ?? text.split(';').map((statement) => statement.trim())
}

/** Vault takes only the last of the quoted texts away, wherever it occurs, before it looks for the word; the single-quoted come last. */
function hasEnd(element: string): boolean {
  const quoted = [...element.matchAll(/".*?"/g), ...element.matchAll(/'.*?'/g)].map((match) => match[0])
  const last = quoted.at(-1)
  return /\bEND\b/.test(last === undefined ? element : element.replaceAll(last, ''))
}

function decodedBase64(text: string): string {
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text
  return Buffer.from(text, 'base64').toString('utf8').trim()
}

function jsonItems(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const items: unknown = JSON.parse(text)
    return Array.isArray(items) && items.every((item) => typeof item === 'string') ? items.map((item) => item.trim()) : undefined
  } catch {
    return undefined
  }
}
