import type { Clock } from '../clock'
import type { VaultLoginError } from '../errors'
import type { VaultClient } from './client'
import type { TokenGrant } from './grant'

/** A way to get a Vault token. */
export interface Login {
  /** How events name it, such as `approle`. */
  readonly method: string
  /** Whether a new token can be had when this one ends, as far as is known now. */
  readonly canLogIn: boolean
  /** Whether the token is ours to revoke at the end. */
  readonly ownsToken: boolean
  logIn(client: VaultClient, signal: AbortSignal): Promise<TokenGrant>
  /** Why not, for when a token turns out to be dead and `canLogIn` is false. Without it callers see Vault's refusal. */
  whyNot?(client: VaultClient): VaultLoginError
  /** Calls `changed` whenever somebody has put another token in place of the one in use, until `signal` aborts. */
  watch?(clock: Clock, signal: AbortSignal, changed: () => void): void
}
