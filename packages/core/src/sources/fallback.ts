import { OptionError } from '../errors'
import { checkOptions, describe, milliseconds, objectWith, type OptionRules } from '../options'
import type { CredentialSource } from '../source'
import { FallbackSource } from './fallback/fallback-source'

export interface FallbackOptions {
  /**
   * At the start: how long the first source may be away before the next one serves, in ms; 0 gives it one try of 3 s. Keep it below
   * `startTimeoutMs`. @default 10_000
   */
  readonly afterMs?: number
  /**
   * Later on: how long before the end of the credential in use the next source takes over, in ms, where a quarter of its lease is not
   * less. @default 60_000
   */
  readonly beforeEndMs?: number
}

const rules: OptionRules<FallbackOptions> = { afterMs: { check: milliseconds(0) }, beforeEndMs: { check: milliseconds(0) } }

/**
 * Serves from the first source that works, in their order: such as Vault and, for when it is away, a break-glass user. The next one takes
 * over at the start when the one before refuses or is away for `afterMs`; later on only when the credential in use is about to end, or
 * dead. It is left as soon as a better one is back. Throws `OptionError`.
 */
export function fallback(sources: readonly CredentialSource[], options: FallbackOptions = {}): CredentialSource {
  if (!Array.isArray(sources) || sources.length < 2) {
    throw new OptionError('fallback', 'an array of at least two sources', describe(sources))
  }
  for (const [index, source] of sources.entries()) {
    const expected =
      sources.indexOf(source) !== index || source instanceof FallbackSource
        ? 'a source that is neither in the array already nor a fallback itself'
        : objectWith('issue')(source)
    if (expected !== undefined) throw new OptionError(`fallback[${index}]`, expected, describe(source))
  }
  checkOptions('fallback', options, rules)
  return new FallbackSource(sources, options)
}
