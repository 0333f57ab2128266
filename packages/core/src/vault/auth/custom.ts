import { aFunction, checkOptions } from '../../options'
import { grantOf } from '../grant'
import { asRecord } from '../json'
import type { Login } from '../login'

/** What a login of your own may ask of Vault; no token is sent. All reject with a `VaultError`. */
export interface VaultLoginClient {
  /** `path` as after `/v1/`, such as `auth/github/login`. Resolves with Vault's whole answer. */
  write(path: string, body: object): Promise<Record<string, unknown>>
  read(path: string): Promise<Record<string, unknown>>
}

/** Any other login: the function is called whenever a new token is needed. */
export interface CustomAuth {
  readonly method?: never
  /**
   * Resolves with Vault's answer to a login: an object with `auth`, in which there are at least `client_token` and `lease_duration` (in
   * seconds, as Vault has it). The token is renewed where `auth.renewable` is true, and revoked at the end. `signal` aborts when nobody
   * waits any more.
   */
  readonly login: (client: VaultLoginClient, signal: AbortSignal) => Promise<unknown>
}

export function customLogin(where: string, auth: CustomAuth): Login {
  checkOptions<Pick<CustomAuth, 'login'>>(where, auth, { login: { check: aFunction, required: true } })
  return {
    method: 'custom',
    canLogIn: true,
    ownsToken: true,
    async logIn(client, signal) {
      const requests: VaultLoginClient = {
        write: (path, body) => client.anonymous('POST', path, body, signal),
        read: (path) => client.anonymous('GET', path, {}, signal),
      }
      const answer = await auth.login(requests, signal)
      return grantOf({ address: client.address, method: 'login()', path: 'of auth' }, asRecord(answer))
    },
  }
}
