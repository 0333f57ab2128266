import { OptionError } from '../../errors'
import { describe } from '../../options'
import { vaultEnv } from '../env'
import type { Login } from '../login'
import { appRoleLogin, type AppRoleAuth } from './app-role'
import { certLogin, type CertAuth } from './cert'
import { customLogin, type CustomAuth } from './custom'
import { jwtLogin, type JwtAuth } from './jwt'
import { kubernetesLogin, type KubernetesAuth } from './kubernetes'
import { passwordLogin, type LdapAuth, type UserpassAuth } from './password'
import { tokenLogin, type TokenAuth } from './token'
import { tokenFileLogin, type TokenFileAuth } from './token-file'

/** The ways to log in that leasepool knows by name. */
type NamedAuth = AppRoleAuth | CertAuth | JwtAuth | KubernetesAuth | LdapAuth | TokenAuth | TokenFileAuth | UserpassAuth

/** How to log in to Vault. */
export type VaultAuth = NamedAuth | CustomAuth

/** One line per method; each checks its own options and throws `OptionError`. `where` prefixes their names in messages. */
const LOGINS: { readonly [M in NamedAuth['method']]: (where: string, auth: Extract<NamedAuth, { method: M }>) => Login } = {
  token: tokenLogin,
  'token-file': tokenFileLogin,
  approle: appRoleLogin,
  kubernetes: kubernetesLogin,
  jwt: jwtLogin,
  userpass: passwordLogin,
  ldap: passwordLogin,
  cert: certLogin,
}

/** The login that `auth` asks for; without one, the token in the environment. Throws `OptionError`. */
export function loginOf(where: string, auth: VaultAuth | undefined): Login {
  if (auth === undefined) {
    const token = vaultEnv('TOKEN')
    if (token === undefined) throw new OptionError(where, 'a way to log in, or VAULT_TOKEN in the environment', 'undefined')
    return tokenLogin(where, { method: 'token', token })
  }
  const { method } = auth as { method?: unknown }
  if (typeof method === 'string' && Object.hasOwn(LOGINS, method)) {
    return LOGINS[method as NamedAuth['method']](where, auth as never)
  }
  if (method === undefined && 'login' in auth) return customLogin(where, auth)
  const expected = `one of ${Object.keys(LOGINS).join(', ')}`
  throw new OptionError(`${where}.method`, expected, typeof method === 'string' ? `"${method}"` : describe(method))
}
