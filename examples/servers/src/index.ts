import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Report } from './process'
import type { Environment } from './vault'

export { startVault, type AdminDatabase, type Environment, type UserLife } from './vault'

/**
 * Starts the servers that `DATABASE` asks for, and gives the environment of a service that uses them. They end when this process has ended,
 * however it went: a Ctrl-C in the terminal does not reach them, so that the service can end in good order first.
 */
export async function startServers(): Promise<Environment> {
  const child = fork(join(__dirname, 'process.js'), { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit').then((): Report => ({ type: 'failed', message: 'The servers ended before they had started' }))
  const report = await Promise.race([once(child, 'message').then(([message]) => message as Report), ended])
  if (report.type === 'failed') throw new Error(report.message)
  child.unref()
  child.channel?.unref()
  return report.environment
}
