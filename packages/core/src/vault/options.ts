import { systemClock, type Clock } from '../clock'
import { OptionError } from '../errors'
import {
  aFunction,
  describe,
  httpUrl,
  milliseconds,
  nonEmptyString,
  objectWith,
  type OptionCheck,
  type OptionRules,
} from '../options'
import { loginOf, type VaultAuth } from './auth/auth'
import { certificateOf } from './auth/cert'
import { VaultClient, type VaultClientOptions } from './client'
import { vaultDuration, vaultEnv } from './env'
import { headerText } from './names'
import { handedInApi, nodeVaultCheck, ownApi, type NodeVaultClient } from './node-vault'
import { VaultSession } from './session'
import { proxyFor } from './transport/proxy'
import { authorityCheck, clientCertificate, tlsSettings, type TlsSettings, type VaultTlsOptions } from './transport/tls'

/** How to reach Vault or OpenBao, and how to log in. */
export interface VaultConnectionOptions extends VaultTlsOptions {
  /**
   * Where Vault or OpenBao listens. Of several addresses, in their order, the last that answered is asked, and the next one when it does not
   * serve; requests return to an earlier one once it serves again. @default `VAULT_ADDR`, `BAO_ADDR`
   */
  readonly address?: string | readonly string[]
  /** How to log in. @default the token in `VAULT_TOKEN`, `BAO_TOKEN` */
  readonly auth?: VaultAuth
  /** @default `VAULT_NAMESPACE`, `BAO_NAMESPACE` */
  readonly namespace?: string
  /**
   * How long to wait for one answer of Vault, in ms. A request for a user goes on; what it brings later is given back.
   * @default `VAULT_CLIENT_TIMEOUT`, else 10_000
   */
  readonly requestTimeoutMs?: number
  /**
   * A client of node-vault that the app has, in place of `address` and everything about TLS and namespaces. Its requests go as it sends them:
   * what leasepool does otherwise about redirects, TLS, proxies and the size of answers cannot be promised then. Without `auth` its token of
   * now is used, and is the app's to keep alive.
   */
  readonly nodeVault?: NodeVaultClient
  /** Time source, for tests. */
  readonly clock?: Clock
  /** Random source in [0, 1), for tests. */
  readonly random?: () => number
}

const addressCheck: OptionCheck = (value) => {
  if (!Array.isArray(value)) return httpUrl(value)
  if (value.length === 0) return 'at least one URL'
  if (new Set(value).size < value.length) return 'each URL once'
  return value.map((one) => httpUrl(one)).find((problem) => problem !== undefined)
}

export const vaultConnectionRules: OptionRules<VaultConnectionOptions> = {
  address: { check: addressCheck },
  auth: {
    check: (value) => (typeof value === 'object' && value !== null ? undefined : 'an object such as { method: "approle", … }'),
  },
  namespace: { check: headerText },
  ca: { check: authorityCheck },
  clientCertificate: {
    check: (value) => (typeof value === 'object' && value !== null ? undefined : 'an object of cert and key'),
  },
  serverName: { check: nonEmptyString },
  requestTimeoutMs: { check: milliseconds(1, 2 ** 31 - 1) },
  nodeVault: { check: nodeVaultCheck },
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
  const { clock = systemClock, random = Math.random, nodeVault } = options
  const requestTimeoutMs = options.requestTimeoutMs ?? vaultDuration('CLIENT_TIMEOUT') ?? 10_000
  const auth = options.auth ?? authOf(nodeVault)
  const login = loginOf(`${where}.auth`, auth)
  const way =
    nodeVault === undefined
      ? ownWay(where, options, requestTimeoutMs, clock)
      : handedInWay(where, options, nodeVault, requestTimeoutMs, clock)
  const client = new VaultClient({ ...way, requestTimeoutMs, clock })
  return { client, session: new VaultSession({ client, login, clock, random }), clock }
}

type Way = Pick<VaultClientOptions, 'api' | 'address'>

function ownWay(where: string, options: VaultConnectionOptions, requestTimeoutMs: number, clock: Clock): Way {
  const addresses = addressesOf(where, options.address)
  for (const address of addresses) proxyFor(new URL(address)) // one that makes no sense is said now
  const { namespace = vaultEnv('NAMESPACE') } = options
  const api = ownApi({ addresses, namespace, tls: tlsOf(where, options, addresses), requestTimeoutMs, clock })
  return { api, address: addresses.map((address) => new URL(address).origin).join(', ') }
}

/** It has its own of all that says how to reach Vault: what is given beside it would be without effect. */
function handedInWay(
  where: string,
  options: VaultConnectionOptions,
  client: NodeVaultClient,
  requestTimeoutMs: number,
  clock: Clock,
): Way {
  for (const name of ['address', 'namespace', 'ca', 'clientCertificate', 'serverName'] as const) {
    if (options[name] !== undefined)
      throw new OptionError(`${where}.${name}`, 'nothing beside nodeVault, which has its own', describe(options[name]))
  }
  if (options.auth?.method === 'cert')
    throw new OptionError(`${where}.auth`, 'another login beside nodeVault, which shows its own certificate', '"cert"')
  return { api: handedInApi(client, requestTimeoutMs, clock), address: new URL(client.endpoint).origin }
}

/** The token that a client has. */
function authOf(client: NodeVaultClient | undefined): VaultAuth | undefined {
  const { token } = (client ?? {}) as { token?: unknown }
  return typeof token === 'string' && token !== '' ? { method: 'token', token } : undefined
}

function addressesOf(where: string, given: VaultConnectionOptions['address']): readonly string[] {
  if (given !== undefined) return typeof given === 'string' ? [given] : given
  const address = vaultEnv('ADDR')
  if (address === undefined) {
    throw new OptionError(`${where}.address`, 'a URL, or VAULT_ADDR in the environment', 'undefined')
  }
  const problem = httpUrl(address)
  if (problem !== undefined) throw new OptionError('VAULT_ADDR or BAO_ADDR', problem, describe(address))
  return [address]
}

/** A login by certificate needs one, over TLS; it may name it itself. */
function tlsOf(where: string, options: VaultConnectionOptions, addresses: readonly string[]): TlsSettings {
  const { auth } = options
  if (auth?.method !== 'cert') return tlsSettings(where, options)
  const plain = addresses.find((address) => !address.startsWith('https:'))
  if (plain !== undefined) throw new OptionError(`${where}.auth`, 'an address that begins with https:, for a certificate', plain)
  const named = certificateOf(auth)
  if (named === undefined) {
    const settings = tlsSettings(where, options)
    if (settings.cert === undefined) {
      throw new OptionError(
        `${where}.auth.cert`,
        'a certificate, here or as clientCertificate or in VAULT_CLIENT_CERT',
        'undefined',
      )
    }
    return settings
  }
  if (options.clientCertificate !== undefined) {
    throw new OptionError(`${where}.clientCertificate`, 'a certificate either here or in auth', 'both')
  }
  return { ...tlsSettings(where, options), ...clientCertificate(`${where}.auth`, named) }
}
