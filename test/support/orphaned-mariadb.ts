import { readdir } from 'node:fs/promises'
import { removeOrphans } from '../../packages/dev-vault/src/embedded/orphans'
import { hasArgument } from '../../packages/dev-vault/src/embedded/process-identity'
import { poll } from './poll'

/** Ends the MariaDB servers, and removes the folders, of test processes that were killed. Finds no servers where there is no /proc. */
export async function removeOrphanedMariaDb(): Promise<void> {
  await removeOrphans(/^leasepool-mariadb-/, async (data) => {
    await poll('an orphaned MariaDB is gone', () => killedServers(data), (count) => count === 0, 5_000) // prettier-ignore
    return true
  })
}

/** By its argument, and not by its file with a process id, which a server that just starts has not written yet. */
async function killedServers(data: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter((pid) => pid > 1)
  const servers: number[] = []
  for (const pid of pids) if (await hasArgument(pid, `--datadir=${data}`)) servers.push(pid)
  for (const pid of servers) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  return servers.length
}
