import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll } from './poll'
import { freePort, realVaultBinary } from './real-vault'
import { vaultApi, type VaultApi } from './vault-api'

/** One server of a {@link VaultCluster}. */
export interface VaultNode {
  readonly address: string
  /** What `sys/health` answers: 200 active, 429 standby, 503 sealed; 0 when nobody does. */
  health(): Promise<number>
  unseal(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

/** Real Vault as it runs in production: several servers with storage of their own, of which one is active. */
export interface VaultCluster {
  readonly rootToken: string
  readonly nodes: readonly VaultNode[]
  /** The active server and one that is none, once there are both. */
  roles(): Promise<{ active: VaultNode; standby: VaultNode | undefined }>
  /** For the active server of now. */
  api(): Promise<VaultApi>
  stop(): Promise<void>
}

/** Starts, initialises, joins and unseals `size` servers. */
export async function startVaultCluster(size: number): Promise<VaultCluster> {
  const root = mkdtempSync(join(tmpdir(), 'leasepool-cluster-'))
  let key = ''
  const nodes: VaultNode[] = []
  for (let n = 1; n <= size; n++) nodes.push(await startNode(root, `node${n}`, () => key))
  const [first, ...others] = nodes
  const { keys, root_token: rootToken } = (await put(first!.address, 'sys/init', { secret_shares: 1, secret_threshold: 1 })) as {
    keys: [string]
    root_token: string
  }
  key = keys[0]
  await first!.unseal()
  await poll(
    'the first server is active',
    () => first!.health(),
    (status) => status === 200,
    60_000,
  )
  for (const node of others) {
    await put(node.address, 'sys/storage/raft/join', { leader_api_addr: first!.address })
    await node.unseal()
    await poll(
      'it has joined',
      () => node.health(),
      (status) => status === 429,
      60_000,
    )
  }
  await allVote(vaultApi(first!.address, rootToken), size)
  const roles = async (): Promise<{ active: VaultNode; standby: VaultNode | undefined }> => {
    const found = await poll(
      'a server is active',
      async () => {
        const healths = await Promise.all(nodes.map((node) => node.health()))
        return { active: nodes[healths.indexOf(200)], standby: nodes[healths.indexOf(429)] }
      },
      ({ active }) => active !== undefined,
      60_000,
    )
    return { active: found.active!, standby: found.standby }
  }
  return {
    rootToken,
    nodes,
    roles,
    api: async () => vaultApi((await roles()).active.address, rootToken),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** A server that has just joined has no vote yet: without its vote nobody could follow the active one. */
async function allVote(api: VaultApi, size: number): Promise<void> {
  await api('POST', 'sys/storage/raft/autopilot/configuration', { server_stabilization_time: '1s' })
  await poll(
    'all servers have a vote',
    () => api('GET', 'sys/storage/raft/configuration') as Promise<{ data: { config: { servers: { voter: boolean }[] } } }>,
    ({ data }) => data.config.servers.filter(({ voter }) => voter).length === size,
    60_000,
  )
}

async function startNode(root: string, name: string, key: () => string): Promise<VaultNode> {
  const folder = join(root, name)
  mkdirSync(folder)
  const [port, clusterPort] = [await freePort(), await freePort()]
  const address = `http://127.0.0.1:${port}`
  const file = join(root, `${name}.hcl`)
  writeFileSync(
    file,
    `storage "raft" {
  path = "${folder}"
  node_id = "${name}"
  performance_multiplier = 1
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
  tls_disable = true
}
api_addr = "${address}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
disable_mlock = true
`,
  )
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent' }
  const child = spawn(realVaultBinary(), ['server', `-config=${file}`], { stdio: ['ignore', 'ignore', 'pipe'], env })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const health = async (): Promise<number> => {
    if (child.exitCode !== null) throw new Error(`Vault ended with ${child.exitCode}: ${output}`)
    const answer = await fetch(`${address}/v1/sys/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
    return answer?.status ?? 0
  }
  await poll('the server listens', health, (status) => status !== 0, 30_000)
  return {
    address,
    health,
    unseal: async () => void (await put(address, 'sys/unseal', { key: key() })),
    kill: async () => {
      process.removeListener('exit', end)
      if (child.exitCode !== null || child.signalCode !== null) return
      await new Promise((resolve) => {
        child.once('exit', resolve)
        child.kill('SIGKILL')
      })
    },
  }
}

async function put(address: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${address}/v1/${path}`, { method: 'PUT', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
