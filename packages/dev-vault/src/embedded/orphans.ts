import { systemClock } from '@leasepool/core'
import { lstat, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeFolder } from './embedded-shutdown'
import { hasArgument, hasEnded, ownIdentity, type ProcessIdentity } from './process-identity'

/** How the names of our temporary folders begin: of servers, certificates and tests. */
const OUR_NAME = /^leasepool-(postgres|vault|test)-/

const OWNER_FILE = 'owner.json'

/** An immediate shutdown takes some 10 ms; a server that needs longer is left to the next start. */
const STOP_DEADLINE_MS = 3_000

/** Makes a temporary folder and writes into it whose it is, so that a later process can tell when nobody needs it any more. */
export async function ownedFolder(kind: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `leasepool-${kind}-`))
  const owner = await ownIdentity()
  if (owner !== undefined) await writeFile(join(folder, OWNER_FILE), JSON.stringify(owner))
  return folder
}

/**
 * Stops the servers, and removes the folders, of processes that ended without doing so, as after SIGKILL. Touches only folders of this
 * user whose owner has certainly ended, and only a process that is the server of that folder; `stopServer` is true once none uses the
 * `data` below the folder. Never rejects.
 */
export async function removeOrphans(ourName: RegExp = OUR_NAME, stopServer: StopServer = stopServerOf): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [])
  const folders = names.filter((name) => ourName.test(name)).map((name) => join(tmpdir(), name))
  await Promise.all(folders.map((folder) => removeIfOrphaned(folder, stopServer).catch(() => undefined)))
}

type StopServer = (dataFolder: string) => Promise<boolean>

async function removeIfOrphaned(folder: string, stopServer: StopServer): Promise<void> {
  const stats = await lstat(folder)
  // In a temporary folder anybody may make one of that name.
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return
  const owner = readOwner(await readFile(join(folder, OWNER_FILE), 'utf8'))
  if (owner === undefined || !(await hasEnded(owner))) return
  if (await stopServer(join(folder, 'data'))) await removeFolder(folder)
}

function readOwner(text: string): ProcessIdentity | undefined {
  const { pid, started, world } = JSON.parse(text) as Partial<ProcessIdentity>
  if (!Number.isSafeInteger(pid) || pid! <= 1 || typeof started !== 'string' || typeof world !== 'string') return undefined
  return { pid: pid!, started, world }
}

/** True once no server uses this folder. */
async function stopServerOf(dataFolder: string): Promise<boolean> {
  const lines = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  const isServer = async (): Promise<boolean> => pid > 1 && (await hasArgument(pid, dataFolder))
  if (lines[1] !== dataFolder || !(await isServer())) return true
  process.kill(pid, 'SIGQUIT')
  const endMs = systemClock.nowMs() + STOP_DEADLINE_MS
  while (systemClock.nowMs() < endMs) {
    await systemClock.sleep(10)
    if (!(await isServer())) return true
  }
  return false
}
