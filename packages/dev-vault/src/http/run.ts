import { Cluster } from './cluster'
import { Faults } from '../switches/faults'
import { type NodeContext, serve } from './node'
import type { DevVaultOptions } from '../options'
import { VaultServer } from './server'
import { prepareTls, type Trust } from './tls'
import type { Vault } from '../vault'

/** The servers of one Vault, listening. */
export interface Running {
  readonly context: NodeContext
  readonly cluster: Cluster
  readonly servers: readonly VaultServer[]
  readonly trust: Trust | undefined
  /** Cuts all connections, then closes the Vault. Calling it again gives the same promise. */
  close(): Promise<void>
}

type RunOptions = Pick<DevVaultOptions, 'tls' | 'nodes' | 'port' | 'forwarding'>

/** Listens with as many nodes as asked for. Rejects with ERR_DEV_VAULT_PORT. */
export async function run(vault: Vault, { tls = false, nodes = 1, port, forwarding = true }: RunOptions): Promise<Running> {
  const context: NodeContext = {
    vault,
    faults: new Faults(),
    log: [],
    cluster: undefined,
    latency: undefined,
    forwards: forwarding,
  }
  const trust = tls === false ? undefined : await prepareTls(tls)
  const servers: VaultServer[] = []
  try {
    for (let index = 0; index < nodes; index++) {
      servers.push(new VaultServer((request) => serve(context, index, request), trust?.server))
    }
    const cluster = (context.cluster = await listen(vault, servers, port, trust !== undefined))
    vault.onStepDown = () => void cluster.changeLeader(undefined, 0)
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= closeAll(context, servers, trust))
    return { context, cluster, servers, trust, close }
  } catch (error) {
    await stopAll(servers, trust)
    throw error
  }
}

async function listen(
  vault: Vault,
  servers: readonly VaultServer[],
  port: number | undefined,
  isSecure: boolean,
): Promise<Cluster> {
  const members = []
  for (const [index, server] of servers.entries()) {
    const own = await server.listen(index === 0 ? port : undefined)
    members.push({ server, port: own, address: `${isSecure ? 'https' : 'http'}://127.0.0.1:${own}` })
  }
  return new Cluster(vault.time, members)
}

async function closeAll(
  { vault, faults }: NodeContext,
  servers: readonly VaultServer[],
  trust: Trust | undefined,
): Promise<void> {
  const stopped = stopAll(servers, trust)
  faults.clear()
  await stopped
  await vault.close()
}

async function stopAll(servers: readonly VaultServer[], trust: Trust | undefined): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
  await trust?.remove()
}
