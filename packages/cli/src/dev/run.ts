import { systemClock } from '@leasepool/core'
import { DevVaultError, startDevVault, type DevVault } from '@leasepool/dev-vault'
import { CommandError, messageOf } from '../errors'
import { listenForInterrupt, type Interruption } from '../interrupt'
import { openDatabases, type Databases } from './databases'
import { jsonReport } from './json-report'
import type { DevOptions } from './options'
import type { Report } from './report'
import { APP, vaultOptions } from './setup'
import { showsColour, textReport } from './text-report'

/** Serves until it is interrupted; then every user is dropped. 1 if some could not be. Rejects if it cannot start. */
export async function runDev(options: DevOptions): Promise<0 | 1> {
  let vault: DevVault | undefined
  const interrupt = listenForInterrupt(() => console.error(leftBehind(vault?.leases().length ?? 0)))
  try {
    const databases = await openDatabases(options, interrupt.signal)
    try {
      vault = await startVault(options, databases)
      return await serve(vault, databases, options, interrupt.signal)
    } finally {
      await databases.own?.stop()
    }
  } finally {
    interrupt.release()
  }
}

async function serve(vault: DevVault, { all, own }: Databases, options: DevOptions, interrupted: AbortSignal): Promise<0 | 1> {
  const write = (text: string): void => void process.stdout.write(text)
  const report = options.isJson ? jsonReport(write) : textReport(write, showsColour(process.stdout, process.env))
  const { ttlSeconds, maxTtlSeconds } = options
  vault.onEvent((event) => report.happened(event, systemClock.dateMs()))
  const { address, rootToken: token } = vault
  report.ready({ address, token, ...vault.appRole(APP), databases: all, ttlSeconds, maxTtlSeconds })
  const why = await Promise.race([
    interruptionOf(interrupted),
    ...(own === undefined ? [] : [own.ended.then((): typeof ENDED => ENDED)]),
  ])
  return dropUsers(vault, report, why)
}

const ENDED = 'PostgreSQL ended' as const

/** Says how many users there were, drops them, and says what became of them. */
async function dropUsers(vault: DevVault, report: Report, why: Interruption | typeof ENDED): Promise<0 | 1> {
  const users = vault.leases().length
  report.ending(why, users)
  const failure = await vault.close().then(
    () => undefined,
    (error: unknown) => error,
  )
  const left = vault.leases().length
  report.ended(users - left, left)
  if (failure !== undefined) console.error(`leasepool: ${reasonOf(failure)}`)
  return failure === undefined && why !== ENDED ? 0 : 1
}

async function startVault(options: DevOptions, { all }: Databases): Promise<DevVault> {
  try {
    return await startDevVault(vaultOptions(all, options))
  } catch (error) {
    if (!(error instanceof DevVaultError)) throw error
    if (error.code === 'ERR_DEV_VAULT_PORT') throw new CommandError(portMessage(options.port, error), { cause: error })
    const hint =
      error.code === 'ERR_DEV_VAULT_DATABASE' ? '. Is the server up, and are user, password and database in the URL right?' : ''
    throw new CommandError(`${error.message}${hint}`, { cause: error })
  }
}

function portMessage(port: number, { cause }: DevVaultError): string {
  const isTaken = (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
  const what = isTaken ? 'is taken, perhaps by a Vault that runs already: stop that' : 'cannot be listened on'
  return `Port ${port} of 127.0.0.1 ${what}, or choose another with --port (0 takes a free one)`
}

function interruptionOf(signal: AbortSignal): Promise<Interruption> {
  if (signal.aborted) return Promise.resolve(signal.reason as Interruption)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason as Interruption), { once: true }))
}

/** The first of the database's own words: without them nobody can mend it. */
function reasonOf(failure: unknown): string {
  const causes = failure instanceof Error && failure.cause instanceof AggregateError ? failure.cause.errors : []
  return causes.length === 0 ? messageOf(failure) : `${messageOf(failure)}: ${messageOf(causes[0])}`
}

function leftBehind(users: number): string {
  return `\nleasepool: ended at once; ${users === 1 ? '1 database user' : `${users} database users`} may be left, and nobody drops them now`
}
