import { MalformedText } from './malformed'

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }

/**
 * Reads a Java properties file (https://docs.oracle.com/javase/8/docs/api/java/util/Properties.html#load-java.io.Reader-): `key=value`,
 * `key: value` or `key value`, `#` and `!` comments, `\` escapes and continued lines. Throws {@link MalformedText} where an escape or a
 * continued line is cut off.
 */
export function parseProperties(text: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>
  for (const line of logicalLines(text)) {
    // The key ends at the first =, : or blank that is not escaped.
    const [, key = '', value = ''] = /^((?:[^\\=:\s]|\\.)*)(?:[ \t\f]*[=:][ \t\f]*|[ \t\f]+|$)(.*)$/s.exec(line) ?? []
    values[unescaped(key)] = unescaped(value)
  }
  return values
}

/** Lines without comments, with what continues them. */
function logicalLines(text: string): string[] {
  const lines: string[] = []
  let open: string | undefined
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (open === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const joined: string = (open ?? '') + line
    const isContinued = /\\*$/.exec(line)![0].length % 2 === 1
    open = isContinued ? joined.slice(0, -1) : undefined
    if (!isContinued) lines.push(joined)
  }
  if (open !== undefined) throw new MalformedText('its last line is to be continued')
  return lines
}

function unescaped(text: string): string {
  return text.replace(/\\(u([\da-fA-F]{0,4})|.)/gs, (_, letter: string, code: string | undefined) => {
    if (code === undefined) return ESCAPES[letter] ?? letter
    if (code.length < 4) throw new MalformedText('an escape \\u has fewer than four digits')
    return String.fromCharCode(Number.parseInt(code, 16))
  })
}
