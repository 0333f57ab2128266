import { LeasedCredentials } from '../leased-credentials'
import { checkOptions } from '../options'
import { fixedLogin, fixedLoginRules, type FixedCredentialsOptions } from './fixed-login'

/**
 * A user name and password that never change, behind the same handle: for development, and for a migration towards leases.
 * `rotate()` moves every pool to a new generation with the same login. Throws `OptionError`.
 */
export async function fixedCredentials(options: FixedCredentialsOptions): Promise<LeasedCredentials> {
  checkOptions('fixedCredentials', options, fixedLoginRules)
  return LeasedCredentials.start(fixedLogin(options))
}
