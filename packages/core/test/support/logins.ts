import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { loginOf, type VaultAuth } from '../../src/vault/auth/auth'
import { clientOf } from './client'
import type { TokenGrant } from '../../src/vault/grant'
import type { Login } from '../../src/vault/login'
import { FakeClock } from './fake-clock'
import type { FakeVault } from './fake-vault'

/** A login and the client it asks with. */
export interface Made {
  readonly login: Login
  logIn(): Promise<TokenGrant>
  /** What it rejects with. */
  failure(): Promise<Error>
}

export function made(vault: FakeVault, auth: object): Made {
  const client = clientOf(vault.address, { clock: new FakeClock() })
  const login = loginOf('auth', auth as VaultAuth)
  const logIn = (): Promise<TokenGrant> => login.logIn(client, new AbortController().signal)
  const failure = (): Promise<Error> =>
    logIn().then(
      () => new Error('It logged in'),
      (cause: unknown) => cause as Error,
    )
  return { login, logIn, failure }
}

/** Vault's answer to a login. */
export const grant = (more: object = {}): object => ({
  auth: { client_token: 'the-token', lease_duration: 3600, renewable: true, num_uses: 0, mfa_requirement: null, ...more },
})

/** Everything a person may see of an error. */
export function shown(error: unknown): string {
  return [inspect(error, { showHidden: true, depth: Infinity }), String(error), JSON.stringify(error)].join('\n')
}

/** A folder that is gone after `remove`. */
export function folder(): { write(name: string, text: string): string; path(name: string): string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'leasepool-login-'))
  const path = (name: string): string => join(root, name)
  return {
    path,
    write: (name, text) => {
      writeFileSync(path(name), text)
      return path(name)
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
