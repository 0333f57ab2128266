import type { DevVault } from '@leasepool/dev-vault'
import dns from 'node:dns'

/** One way in which Vault cannot be asked. */
export interface FaultKind {
  readonly name: string
  /** From now on every request meets it, until `off`. */
  on(vault: DevVault, host: string): void | Promise<void>
  off(vault: DevVault, host: string): void | Promise<void>
  /** What a request that met it fails with. */
  readonly code: 'ERR_VAULT_UNAVAILABLE' | 'ERR_VAULT_ANSWER' | 'ERR_VAULT_REFUSED'
}

const unresolvable = new Set<string>()

/** Names that end in `.vault.test` are this machine, unless a fault says that they are not known. */
export function resolveTestHosts(): void {
  const lookup = dns.lookup.bind(dns) as (...args: unknown[]) => void
  dns.lookup = ((host: string, options: { all?: boolean }, done: (...answer: unknown[]) => void) => {
    if (!host.endsWith('.vault.test')) return lookup(host, options, done)
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
    const found = options.all === true ? [[{ address: '127.0.0.1', family: 4 }]] : ['127.0.0.1', 4]
    process.nextTick(() => (unresolvable.has(host) ? done(error) : done(null, ...found)))
  }) as never
}

function answering(name: string, code: FaultKind['code'], fault: { status: number; body?: unknown }): FaultKind {
  return {
    name,
    code,
    on: (vault) => void vault.failNext(/./, { ...fault, times: Infinity }),
    off: (vault) => vault.clear(),
  }
}

export const FAULTS: readonly FaultKind[] = [
  {
    name: 'connection refused',
    code: 'ERR_VAULT_UNAVAILABLE',
    on: (vault) => vault.stopNode(0),
    off: (vault) => vault.startNode(0),
  },
  { name: 'reset', code: 'ERR_VAULT_UNAVAILABLE', on: (vault) => vault.outage(true), off: (vault) => vault.outage(false) },
  {
    name: 'hang',
    code: 'ERR_VAULT_UNAVAILABLE',
    on: (vault) => void vault.failNext(/./, { hang: true, times: Infinity }),
    off: (vault) => vault.clear(),
  },
  answering('400', 'ERR_VAULT_REFUSED', { status: 400 }),
  {
    name: '429',
    code: 'ERR_VAULT_UNAVAILABLE',
    on: (vault) => vault.rateLimit({ retryAfterSeconds: 1 }),
    off: (vault) => vault.rateLimit(false),
  },
  answering('500', 'ERR_VAULT_UNAVAILABLE', { status: 500 }),
  { name: 'sealed', code: 'ERR_VAULT_UNAVAILABLE', on: (vault) => vault.seal(true), off: (vault) => vault.seal(false) },
  answering('HTML of a proxy', 'ERR_VAULT_ANSWER', { status: 200, body: '<html><body>Please log in</body></html>' }),
  answering('truncated JSON', 'ERR_VAULT_ANSWER', { status: 200, body: '{"lease_id": "database/creds/app/x", "data": {"usern' }),
  answering('huge body', 'ERR_VAULT_UNAVAILABLE', { status: 200, body: `{"data": "${'x'.repeat(3_000_000)}"}` }),
  {
    name: 'unknown host',
    code: 'ERR_VAULT_UNAVAILABLE',
    on: (vault, host) => {
      unresolvable.add(host)
      vault.outage(true) // names are looked up for new connections only: ends those that are open
      vault.outage(false)
    },
    off: (_, host) => void unresolvable.delete(host),
  },
]
