import type { Fields, FieldSchema } from '../http/fields'
import { describeTokenParameters, readBoundCidrs, type TokenParameters } from './token-parameters'

/** How `token_…` fields were called before Vault 1.2; each login method still takes some of these names. */
export type OldName = 'policies' | 'ttl' | 'max_ttl' | 'period' | 'num_uses' | 'bound_cidrs'

const READERS: Readonly<Record<OldName, (fields: Fields) => Partial<TokenParameters> | undefined>> = {
  policies: (fields) => taken(fields.list('policies'), (names) => ({ policies: tidyPolicies(names) })),
  ttl: (fields) => taken(fields.seconds('ttl'), (ttlSeconds) => ({ ttlSeconds })),
  max_ttl: (fields) => taken(fields.seconds('max_ttl'), (maxTtlSeconds) => ({ maxTtlSeconds })),
  period: (fields) => taken(fields.seconds('period'), (periodSeconds) => ({ periodSeconds })),
  num_uses: (fields) => taken(fields.integer('num_uses'), (numUses) => ({ numUses })),
  bound_cidrs: (fields) => taken(fields.list('bound_cidrs'), (texts) => ({ boundCidrs: readBoundCidrs(texts) })),
}

const KINDS: FieldSchema = {
  policies: 'list',
  ttl: 'seconds',
  max_ttl: 'seconds',
  period: 'seconds',
  num_uses: 'integer',
  bound_cidrs: 'list',
}

/** The schema of the old names that a method takes. */
export function oldFields(names: readonly OldName[]): FieldSchema {
  return Object.fromEntries(names.map((name) => [name, KINDS[name]!]))
}

/** A new name wins over the old one. As in Vault, what old names bring is not checked against the other fields. */
export function readOldNames(fields: Fields, names: readonly OldName[], before: TokenParameters): TokenParameters {
  const sent = new Set(fields.names())
  let after = before
  const oldNames = new Set(before.oldNames)
  for (const name of names) {
    if (sent.has(`token_${name}`)) {
      if (sent.has(name)) oldNames.add(name)
      else oldNames.delete(name)
    } else if (sent.has(name)) {
      after = { ...after, ...READERS[name](fields) }
      oldNames.add(name)
    }
  }
  return { ...after, oldNames }
}

/** The old names with their values, as far as they are in use and say something. */
export function describeOldNames(parameters: TokenParameters): Record<string, unknown> {
  const values = describeTokenParameters(parameters)
  const shown = [...parameters.oldNames].map((name) => [name, values[`token_${name}`]] as const)
  return Object.fromEntries(shown.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== 0)))
}

/** Lower-cased, without repetitions, sorted: as Vault stores policies written by their old name. */
export function tidyPolicies(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.trim().toLowerCase()))].filter((name) => name !== '').sort()
}

function taken<T>(value: T | undefined, make: (value: T) => Partial<TokenParameters>): Partial<TokenParameters> | undefined {
  return value === undefined ? undefined : make(value)
}
