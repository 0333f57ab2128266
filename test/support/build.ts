import { execFile } from 'node:child_process'
import { mkdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { poll } from './poll'

const root = join(__dirname, '..', '..')
const lock = join(root, 'node_modules', '.leasepool-build')

/** A build that takes longer than this was killed. */
const LONGEST_BUILD_MS = 120_000

/** Compiles all packages to their `dist`. One test file at a time: two compilers would write into each other's files. */
export async function buildPackages(): Promise<void> {
  await poll('another build has ended', tryLock, (isMine) => isMine, 2 * LONGEST_BUILD_MS)
  try {
    await promisify(execFile)(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], { cwd: root })
  } finally {
    await rmdir(lock)
  }
}

async function tryLock(): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const since = await stat(lock).catch(() => undefined)
    if (since !== undefined && Date.now() - since.mtimeMs > LONGEST_BUILD_MS) await rmdir(lock).catch(() => undefined)
    return false
  }
}
