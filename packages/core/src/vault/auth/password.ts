import { checkOptions, nonEmptyString } from '../../options'
import type { Login } from '../login'
import { vaultPath } from '../names'
import { readSecret, secretValue, type SecretValue } from './secret'

interface PasswordAuth<M extends string> {
  readonly method: M
  readonly username: string
  readonly password: SecretValue
  /** @default the name of the method */
  readonly mount?: string
}

/** A user name and password that Vault keeps. */
export type UserpassAuth = PasswordAuth<'userpass'>
/** A user name and password of a directory. */
export type LdapAuth = PasswordAuth<'ldap'>

export function passwordLogin(where: string, auth: UserpassAuth | LdapAuth): Login {
  checkOptions<UserpassAuth | LdapAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    username: { check: nonEmptyString, required: true },
    password: { check: secretValue, required: true },
    mount: { check: vaultPath },
  })
  const { method, username, password, mount = method } = auth
  const path = `auth/${mount}/login/${encodeURIComponent(username)}`
  return {
    method,
    canLogIn: true,
    ownsToken: true,
    async logIn(client, signal) {
      const info = { address: client.address, method: 'POST', path }
      return client.login(path, { password: await readSecret(info, 'The password', password) }, signal)
    },
  }
}
