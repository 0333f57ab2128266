import { removeOrphans } from '../../packages/dev-vault/src/embedded/orphans'
import { poll } from './poll'
import { killServersWith } from './server-process'

/**
 * Ends the MariaDB servers, and removes the folders, of test processes that were killed. By their argument, and not by their file with a
 * process id, which a server that just starts has not written yet.
 */
export async function removeOrphanedMariaDb(): Promise<void> {
  await removeOrphans(/^leasepool-mariadb-/, async (data) => {
    await poll('an orphaned MariaDB is gone', () => killServersWith(`--datadir=${data}`), (count) => count === 0, 5_000) // prettier-ignore
    return true
  })
}
