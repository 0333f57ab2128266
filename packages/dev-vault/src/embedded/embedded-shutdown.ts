import { systemClock } from '@leasepool/core'
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { PostgresProcess } from './embedded-binaries'

/** How long `stop` waits for sessions to end by themselves before it cuts them. */
const GENTLE_STOP_MS = 300

/** A fast shutdown that takes longer than this becomes an immediate one. */
const STOP_DEADLINE_MS = 5_000

/** Ends the server, waits until it is gone, and removes `folder`. Works, too, if the server has ended by itself. */
export async function stopServer(server: PostgresProcess, child: ChildProcess, folder: string | undefined): Promise<void> {
  child.ref() // the caller waits for it
  if (isRunning(child)) await stopRunning(server, child)
  server.process = undefined
  if (folder !== undefined) await removeFolder(folder)
}

/** First gently: pools that were just ended close their sockets a moment later, and would see errors that nobody listens to. */
async function stopRunning(server: PostgresProcess, child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await endedWithin(child, GENTLE_STOP_MS)
  if (!isRunning(child)) return
  const stopped = server.stop()
  await endedWithin(child, STOP_DEADLINE_MS)
  if (isRunning(child)) child.kill('SIGQUIT')
  await stopped
}

async function endedWithin(child: ChildProcess, ms: number): Promise<void> {
  const ended = new AbortController()
  const onExit = (): void => ended.abort()
  child.once('exit', onExit)
  await systemClock.sleep(ms, ended.signal).catch(() => undefined)
  child.removeListener('exit', onExit)
}

/** A script that forgets `stop` must still be able to end; the server then ends with it. */
export function letProcessEnd(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.()
}

/** All that can be done while this process exits: nothing is awaited any more. */
export function endAtExit(child: ChildProcess, folder: string | undefined): void {
  if (isRunning(child)) child.kill('SIGQUIT')
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** Removes a folder with all that is in it; one that is gone is a success. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
}
