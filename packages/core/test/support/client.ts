import type { Clock } from '../../src/clock'
import { VaultClient } from '../../src/vault/client'
import { ownApi } from '../../src/vault/node-vault'
import { tlsSettings, type TlsSettings } from '../../src/vault/transport/tls'

export interface TestClientOptions {
  readonly clock: Clock
  readonly addresses?: readonly string[]
  readonly namespace?: string
  readonly requestTimeoutMs?: number
  readonly tls?: TlsSettings
}

/** A client as `connect` makes it, for one server unless `more` says otherwise. */
export function clientOf(address: string, more: TestClientOptions): VaultClient {
  const options = { addresses: [address], tls: tlsSettings('test', {}), requestTimeoutMs: 2_000, ...more }
  return new VaultClient({ ...options, api: ownApi(options), address: options.addresses.join(', ') })
}
