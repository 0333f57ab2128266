import { checkOptions, nonEmptyString } from '../../options'
import type { Login } from '../login'
import { headerText } from '../names'

export interface TokenAuth {
  readonly method: 'token'
  readonly token: string
}

/** Uses a token that somebody else made. It cannot be replaced when it ends, and is not revoked at the end. */
export function tokenLogin(where: string, auth: TokenAuth): Login {
  checkOptions<TokenAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    token: { check: headerText, required: true },
  })
  const { token } = auth
  return { method: 'token', canLogIn: false, ownsToken: false, logIn: (client, signal) => client.lookupToken(token, signal) }
}
