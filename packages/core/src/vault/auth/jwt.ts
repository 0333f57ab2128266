import { checkOptions, nonEmptyString } from '../../options'
import type { Login } from '../login'
import { vaultPath } from '../names'
import { readSecret, secretValue, type SecretValue } from './secret'

/** By a signed token of an identity provider: a CI job, a cloud workload, SPIFFE. */
export interface JwtAuth {
  readonly method: 'jwt'
  /** @default the `default_role` of the mount */
  readonly role?: string
  /** File and function are asked again at every login: such tokens are short-lived. */
  readonly jwt: SecretValue
  /** @default 'jwt' */
  readonly mount?: string
}

export function jwtLogin(where: string, auth: JwtAuth): Login {
  checkOptions<JwtAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    role: { check: nonEmptyString },
    jwt: { check: secretValue, required: true },
    mount: { check: vaultPath },
  })
  const { role, jwt } = auth
  const path = `auth/${auth.mount ?? 'jwt'}/login`
  return {
    method: 'jwt',
    canLogIn: true,
    ownsToken: true,
    async logIn(client, signal) {
      const text = await readSecret({ address: client.address, method: 'POST', path }, 'The JWT', jwt)
      return client.login(path, { ...(role === undefined ? {} : { role }), jwt: text.trim() }, signal)
    },
  }
}
