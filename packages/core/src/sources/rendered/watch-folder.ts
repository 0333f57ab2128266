import { watch } from 'node:fs'

/**
 * Calls `hint` when something may have changed in a folder. Only a hint: on network file systems nothing is seen, and a folder that is
 * replaced is not followed. Returns what ends it; never throws, and does not keep the process alive.
 */
export function watchFolder(path: string, hint: () => void): () => void {
  try {
    const watcher = watch(path, { persistent: false }, () => hint())
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}
