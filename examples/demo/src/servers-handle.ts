import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ServerAddresses } from './servers'
import type { Command, Report } from './servers-process'

/** The servers, seen from the demo. */
export interface ServersHandle {
  readonly addresses: ServerAddresses
  /** Leases whose database user still exists. */
  leasesLeft(): Promise<number>
  /** Ends the servers and removes their files. */
  stop(): Promise<void>
}

/**
 * Starts the servers in a process of their own, outside of the terminal's process group: a Ctrl-C would reach PostgreSQL too, which
 * would cut the app's connections before the app can end in good order. Rejects when they cannot start, with nothing left behind.
 */
export async function startServersProcess(): Promise<ServersHandle> {
  const child = fork(join(__dirname, 'servers-process.js'), { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const report = await nextReport(child)
  if (report.type !== 'started') {
    await ended
    throw new Error(report.type === 'failed' ? report.message : `The servers answered "${report.type}" to their start`)
  }
  return { addresses: report.addresses, leasesLeft: () => countLeases(child), stop: () => stop(child, ended) }
}

async function countLeases(child: ChildProcess): Promise<number> {
  const answer = nextReport(child)
  tell(child, 'count leases')
  const report = await answer
  if (report.type !== 'leases') throw new Error(`The servers answered "${report.type}" to "count leases"`)
  return report.count
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  tell(child, 'stop')
  await ended
}

function tell(child: ChildProcess, command: Command): void {
  if (child.connected) child.send(command)
}

/** Rejects when the process ends instead. */
function nextReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onEnd = (): void => reject(new Error('The process of the servers has ended'))
    if (!child.connected) return onEnd()
    child.once('disconnect', onEnd)
    child.once('message', (report: Report) => {
      child.removeListener('disconnect', onEnd)
      resolve(report)
    })
  })
}
