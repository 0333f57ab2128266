import { checkOptions, nonEmptyString, type OptionRules } from '../options'
import type { CredentialSource } from '../source'

export interface FixedCredentialsOptions {
  readonly username: string
  readonly password: string
}

export const fixedLoginRules: OptionRules<FixedCredentialsOptions> = {
  username: { check: nonEmptyString, required: true },
  password: { check: nonEmptyString, required: true },
}

/** A source of one user name and password that never change, such as the last one of a `fallback`. Throws `OptionError`. */
export function fixedLogin(options: FixedCredentialsOptions): CredentialSource {
  checkOptions('fixedLogin', options, fixedLoginRules)
  const { username, password } = options
  return { description: 'fixed', issue: () => Promise.resolve({ username, password }) }
}
