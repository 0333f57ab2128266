import type { ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { hasArgument } from '../../packages/dev-vault/src/embedded/process-identity'

/** The first of these programs that is on the PATH, or else in one of `folders`. */
export function findProgram(names: readonly string[], folders: readonly string[]): string | undefined {
  const all = [...(process.env['PATH'] ?? '').split(delimiter), ...folders]
  return names.flatMap((name) => all.map((folder) => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

/** Ends a server that has nothing worth saving, and waits until it is gone: a gentle end takes up to 3 s. */
export async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  child.ref()
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}

/** Kills the servers that were started with this argument, and says how many there were. Finds none where there is no /proc. */
export async function killServersWith(argument: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter((pid) => pid > 1)
  const servers: number[] = []
  for (const pid of pids) if (await hasArgument(pid, argument)) servers.push(pid)
  for (const pid of servers) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  return servers.length
}
