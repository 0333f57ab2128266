import { systemClock, type Clock } from '../clock'
import { OptionError } from '../errors'
import { aFunction, describe, httpUrl, milliseconds, nonEmptyString, objectWith, type OptionRules } from '../options'
import { loginOf, type VaultAuth } from './auth/auth'
import { clientCertificate } from './auth/cert'
import { VaultClient } from './client'
import { vaultEnv } from './env'
import { headerText } from './names'
import { VaultSession } from './session'

/** How to reach Vault or OpenBao, and how to log in. */
export interface VaultConnectionOptions {
  /** Where Vault or OpenBao listens. @default `VAULT_ADDR`, `BAO_ADDR` */
  readonly address?: string
  /** How to log in. @default the token in `VAULT_TOKEN`, `BAO_TOKEN` */
  readonly auth?: VaultAuth
  /** @default `VAULT_NAMESPACE`, `BAO_NAMESPACE` */
  readonly namespace?: string
  /** PEM of the certificate authority to trust. @default the file that `VAULT_CACERT` names, else the system's */
  readonly ca?: string
  /** How long to wait for one answer of Vault, in ms. A request for a user goes on; what it brings later is given back. @default 10_000 */
  readonly requestTimeoutMs?: number
  /** Time source, for tests. */
  readonly clock?: Clock
  /** Random source in [0, 1), for tests. */
  readonly random?: () => number
}

export const vaultConnectionRules: OptionRules<VaultConnectionOptions> = {
  address: { check: httpUrl },
  auth: {
    check: (value) => (typeof value === 'object' && value !== null ? undefined : 'an object such as { method: "approle", … }'),
  },
  namespace: { check: headerText },
  ca: { check: nonEmptyString },
  requestTimeoutMs: { check: milliseconds(1, 2 ** 31 - 1) },
  clock: { check: objectWith('nowMs', 'dateMs', 'sleep') },
  random: { check: aFunction },
}

/** What every source that reads from Vault is made with. */
export interface VaultConnection {
  readonly client: VaultClient
  readonly session: VaultSession
  readonly clock: Clock
}

/**
 * The client and the session that checked options ask for, with Vault's environment variables as defaults. Nothing is asked of Vault
 * yet. Throws `OptionError`; `where` prefixes the names in messages.
 */
export function connect(where: string, options: VaultConnectionOptions): VaultConnection {
  const { address = vaultEnv('ADDR'), auth, namespace = vaultEnv('NAMESPACE'), ca, requestTimeoutMs = 10_000 } = options
  if (address === undefined) {
    throw new OptionError(`${where}.address`, 'a URL, or VAULT_ADDR in the environment', 'undefined')
  }
  const problem = httpUrl(address)
  if (problem !== undefined) throw new OptionError('VAULT_ADDR or BAO_ADDR', problem, describe(address))
  const clock = options.clock ?? systemClock
  const login = loginOf(`${where}.auth`, auth)
  const certificate = auth?.method === 'cert' ? clientCertificate(`${where}.auth`, auth, address) : undefined
  const client = new VaultClient({ address, namespace, ca, clientCertificate: certificate, requestTimeoutMs, clock })
  return { client, session: new VaultSession({ client, login, clock, random: options.random ?? Math.random }), clock }
}
