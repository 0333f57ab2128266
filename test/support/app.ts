import {
  vaultCredentials,
  type LeasedCredentials,
  type LeasedCredentialsEvents,
  type VaultCredentialsOptions,
} from '@leasepool/core'
import { startDatabase, type TestDatabase } from './database'
import { setUpVault, vaultApi, type VaultApi, type VaultSetup } from './vault-api'
import { startVaultServer, type VaultServer } from './vault-server'

/** A database, a Vault that makes users in it, and what an operator has configured for one app. */
export interface TestBed {
  readonly database: TestDatabase
  readonly vault: VaultServer
  readonly api: VaultApi
  readonly login: { roleId: string; secretId: string }
  /** Starts credentials for the role `app`. */
  credentials(options?: Partial<VaultCredentialsOptions>): Promise<LeasedCredentials>
  /** Closes what {@link credentials} started and a test that failed did not. */
  closeCredentials(): Promise<void>
  stop(): Promise<void>
}

export async function startTestBed(setup: Partial<VaultSetup> = {}): Promise<TestBed> {
  const database = await startDatabase()
  const vault = await startVaultServer()
  const api = vaultApi(vault.address, vault.rootToken)
  const login = await setUpVault(api, { postgresUrl: database.url, defaultTtl: '2s', maxTtl: '8s', ...setup })
  const started: LeasedCredentials[] = []
  return {
    database,
    vault,
    api,
    login,
    credentials: async (options = {}) => {
      const auth = { method: 'approle', mount: 'apps', ...login } as const
      const credentials = await vaultCredentials({ address: vault.address, auth, mount: 'app-db', role: 'app', ...options })
      started.push(credentials)
      return credentials
    },
    closeCredentials: async () => void (await Promise.all(started.splice(0).map((credentials) => credentials.close()))),
    stop: async () => {
      await vault.close()
      await database.stop()
    },
  }
}

/** All that credentials said, in order, with the time since the log began. */
export interface EventLog {
  readonly all: { atMs: number; name: keyof LeasedCredentialsEvents; event: Record<string, unknown> }[]
  of<K extends keyof LeasedCredentialsEvents>(name: K): LeasedCredentialsEvents[K][0][]
}

const NAMES = [
  'issued', 'renewed', 'renewFailed', 'rotationStarted', 'probeSkipped', 'probeFailed', 'rotated', 'rotationFailed', 'connectionForced', 'pinnedConnectionKept', 'leakSuspected',
  'drained', 'revoked', 'revokeFailed', 'loggedIn', 'tokenRenewed', 'tokenRenewFailed', 'tokenSpent',
  'sourceCheckFailed', 'sourceChecked', 'fellBack', 'cameBack', 'loginRefused', 'loginsPaused', 'healthChanged', 'wokeUp', 'closed',
] as const satisfies (keyof LeasedCredentialsEvents)[] // prettier-ignore

export function logEvents(credentials: LeasedCredentials): EventLog {
  const startMs = performance.now()
  const all: EventLog['all'] = []
  for (const name of NAMES) {
    credentials.on(name, (event: object) =>
      all.push({ atMs: Math.round(performance.now() - startMs), name, event: event as Record<string, unknown> }),
    )
  }
  return { all, of: (name) => all.filter((entry) => entry.name === name).map((entry) => entry.event as never) }
}
