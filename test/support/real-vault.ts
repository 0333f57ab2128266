import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { poll } from './poll'
import type { VaultServer } from './vault-server'

/**
 * Starts `vault server -dev` (or `bao`): the binary that `scripts/vault.mjs` found or built. Its data is in memory only. `more` are further
 * arguments, such as a configuration with another listener.
 */
export async function startRealVault(more: readonly string[] = []): Promise<VaultServer> {
  const binary = realVaultBinary()
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const rootToken = 'root-of-a-test'
  const args = [
    'server',
    '-dev',
    '-dev-no-store-token',
    `-dev-root-token-id=${rootToken}`,
    `-dev-listen-address=127.0.0.1:${port}`,
    ...more,
  ]
  const child = spawn(binary, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`Vault ended with ${child.exitCode}: ${output}`)
    return (await fetch(`${address}/v1/sys/health`).catch(() => undefined))?.ok === true
  }
  await poll(`Vault at ${address} answers`, isUp, (up) => up, 30_000)
  const close = async (): Promise<void> => {
    process.removeListener('exit', end)
    await ended(child)
  }
  return { name: realVaultKind(), address, rootToken, close }
}

/** Which of the two the binary is; throws where there is none. */
export function realVaultKind(): 'vault' | 'openbao' {
  const { stdout } = spawnSync(realVaultBinary(), ['version'], { encoding: 'utf8', timeout: 30_000 })
  return stdout.startsWith('OpenBao') ? 'openbao' : 'vault'
}

/** The binary that `scripts/vault.mjs` found or built; throws where there is none. */
export function realVaultBinary(): string {
  const binary = process.env['LEASEPOOL_VAULT_BIN']
  if (!binary) throw new Error('No Vault binary: run `npm run test:vault`, which builds one, or set LEASEPOOL_VAULT_BIN')
  return binary
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGTERM')
  })
}

/** Below 32768: higher ones may be taken by somebody's outgoing connection at any moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port === port))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
