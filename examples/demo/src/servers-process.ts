import { startServers, type ServerAddresses, type Servers } from './servers'

/** From the demo to the servers' process. */
export type Command = 'count leases' | 'stop'

/** From the servers' process to the demo. */
export type Report =
  | { readonly type: 'started'; readonly addresses: ServerAddresses }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'leases'; readonly count: number }

const send = (report: Report): void => void (process.connected && process.send!(report))

/** Serves until told to stop, or until the demo is gone, however it went: then nothing must be left of the servers either. */
async function main(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    process.on('disconnect', () => resolve())
    process.on('message', (command: Command) => void (command === 'stop' && resolve()))
  })
  try {
    const servers = await startServers()
    process.on('message', (command: Command) => void (command === 'count leases' && send(leasesOf(servers))))
    send({ type: 'started', addresses: servers.addresses })
    await stopped
    await servers.stop()
  } catch (error) {
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
  if (process.connected) process.disconnect()
}

function leasesOf(servers: Servers): Report {
  return { type: 'leases', count: servers.leases() }
}

void main()
