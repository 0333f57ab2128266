import { createRequire } from 'node:module'
import { OptionError } from '../../errors'
import { parseEnv } from './env'
import { MalformedText } from './malformed'
import { parseProperties } from './properties'

/** What a rendered file looks like. `folder`: one file per key, as the Secrets Operator, the CSI driver and Docker secrets have it. */
export type RenderedFormat = 'env' | 'json' | 'yaml' | 'properties' | 'folder'

export const RENDERED_FORMATS: readonly RenderedFormat[] = ['env', 'json', 'yaml', 'properties', 'folder']

/** Keys and values of a text; throws {@link MalformedText}. Errors of parsers are not passed on: they quote what they could not read. */
export type TextParser = (text: string) => Readonly<Record<string, unknown>>

/** The parser of a format. Throws `OptionError` where the package that reads YAML is not installed. */
export function textParser(where: string, format: RenderedFormat): TextParser {
  switch (format) {
    case 'env':
      return parseEnv
    case 'properties':
      return parseProperties
    case 'json':
    case 'folder':
      return (text) => asObject('a JSON object', () => JSON.parse(text))
    case 'yaml': {
      const { parse } = yamlPackage(where)
      // Without its types: a password such as 0123 or "no" stays the text that it is.
      return (text) =>
        asObject('a YAML mapping', () => parse(text, { schema: 'failsafe', prettyErrors: false, logLevel: 'error' }))
    }
  }
}

function asObject(what: string, parse: () => unknown): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = parse()
  } catch {
    throw new MalformedText(`it is not ${what}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new MalformedText(`it is not ${what}`)
}

/** An optional peer: few need it, and whoever has YAML to read mostly has it. */
function yamlPackage(where: string): typeof import('yaml') {
  try {
    return createRequire(__filename)('yaml') as typeof import('yaml')
  } catch {
    throw new OptionError(`${where}.format`, '"yaml" only where the package yaml is installed, or parse(text)', 'no such package')
  }
}
