import { startDevVault } from '@leasepool/dev-vault'
import { realVaultKind, startRealVault } from './real-vault'

/** A server that speaks Vault's API, empty as after `vault server -dev`. */
export interface VaultServer {
  readonly name: 'vault' | 'openbao' | 'dev-vault'
  readonly address: string
  readonly rootToken: string
  close(): Promise<void>
}

/** The servers that a test of conformance runs against: dev-vault always, the real one beside it where there is one. */
export function serverKinds(): VaultServer['name'][] {
  return isReal() ? ['dev-vault', realVaultKind()] : ['dev-vault']
}

/** All of {@link serverKinds}, in their order. */
export function startVaultServers(): Promise<VaultServer[]> {
  return Promise.all(isReal() ? [startEmptyDevVault(), startRealVault()] : [startEmptyDevVault()])
}

/** dev-vault, or real Vault where `LEASEPOOL_TEST_VAULT=real` (`npm run test:vault`): the same tests run against both. */
export function startVaultServer(): Promise<VaultServer> {
  return isReal() ? startRealVault() : startEmptyDevVault()
}

async function startEmptyDevVault(): Promise<VaultServer> {
  const { address, rootToken, close } = await startDevVault({ databases: {}, roles: {} })
  return { name: 'dev-vault', address, rootToken, close }
}

function isReal(): boolean {
  return process.env['LEASEPOOL_TEST_VAULT'] === 'real'
}
