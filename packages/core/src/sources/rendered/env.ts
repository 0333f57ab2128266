import { MalformedText } from './malformed'

const LINE = /^(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' }

/**
 * Reads `NAME=value` lines as a shell would: `export` before them, `'literal'` and `"with \"escapes\""`, `#` at the start of a line or
 * after a space begins a comment. Nothing is substituted. A value ends with its line. Throws {@link MalformedText} for anything else.
 */
export function parseEnv(text: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const found = LINE.exec(trimmed)
    if (found === null) throw new MalformedText(`line ${index + 1} is not NAME=value`)
    values[found[1]!] = valueOf(trimmed.slice(found[0].length), index + 1)
  }
  return values
}

function valueOf(text: string, line: number): string {
  if (text.startsWith("'")) return quoted(/^'([^']*)'/.exec(text), text, line)
  if (!text.startsWith('"')) return text.replace(/(?:^|\s)#.*$/, '').trimEnd()
  const value = quoted(/^"((?:[^"\\]|\\.)*)"/.exec(text), text, line)
  return value.replace(/\\(.)/g, (both, letter: string) => ESCAPES[letter] ?? both)
}

function quoted(found: RegExpExecArray | null, text: string, line: number): string {
  if (found === null) throw new MalformedText(`the quotes of line ${line} do not end`)
  const rest = text.slice(found[0].length)
  if (!/^\s*(?:#.*)?$/.test(rest)) throw new MalformedText(`there is more after the quotes of line ${line}`)
  return found[1]!
}
