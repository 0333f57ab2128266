import { endOfRun, interrupted } from './interrupt' // first: it listens for Ctrl-C from here on
import { vaultCredentials } from '@leasepool/core'
import { runApp } from './app'
import type { Display } from './display'
import { messageOf } from './event-text'
import { MAX_CONNECTIONS, MAX_TTL_SECONDS, ROTATE_FRACTION } from './limits'
import { logLines } from './log-lines'
import { Monitor } from './monitor'
import { ArgumentError, readOptions, type DemoOptions } from './options'
import { isKept, type Result } from './result'
import { startServersProcess, type ServersHandle } from './servers-handle'
import { Tally } from './tally'
import { View } from './view'

/** Whatever happens in between, what was started is stopped, and the last line is the result. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  forgetOtherServers()
  const display = openDisplay(options)
  interrupted.addEventListener('abort', () => display.phase('ending'))
  const { result, failures } = await withServers(options, display).finally(() => display.close())

  for (const failure of failures) console.error(`A query failed at ${failure}`)
  console.log(JSON.stringify(result))
  process.exitCode = isKept(result) ? 0 : 1
}

interface Outcome {
  readonly result: Result
  readonly failures: readonly string[]
}

async function withServers(options: DemoOptions, display: Display): Promise<Outcome> {
  const servers = await startServersProcess()
  try {
    const monitor = await Monitor.start(servers.addresses.adminUrl)
    const outcome = await run(options, display, servers, monitor)
    await monitor.stop()
    return outcome
  } finally {
    await servers.stop()
  }
}

async function run({ seconds }: DemoOptions, display: Display, servers: ServersHandle, monitor: Monitor): Promise<Outcome> {
  const { database, vault } = servers.addresses
  const credentials = await vaultCredentials({
    address: vault.address,
    auth: { method: 'approle', roleId: vault.roleId, secretId: vault.secretId },
    role: 'app',
    maxTtlMs: MAX_TTL_SECONDS * 1_000,
    rotateFraction: ROTATE_FRACTION,
  })
  const tally = new Tally()
  tally.follow(credentials, (happening) => display.happened(happening))
  display.follow(credentials, tally)

  const ending = endOfRun(seconds)
  display.phase(ending.aborted ? 'ending' : 'running')
  ending.addEventListener('abort', () => display.phase('ending'))
  await runApp(database, credentials, tally, ending)
  await credentials.close()

  const { elapsedMs, queries, failed, rotations, renewals, failures } = tally
  const [usersLeft, leasesLeft] = await Promise.all([monitor.usersLeft(), servers.leasesLeft()])
  const counts = { queries, failed, rotations, renewals, peakSockets: monitor.peakSockets, max: MAX_CONNECTIONS }
  display.phase('ended')
  return { result: { ...counts, usersLeft, leasesLeft, seconds: Math.round(elapsedMs / 100) / 10 }, failures }
}

/** A shell's `PGSSLMODE` or `VAULT_NAMESPACE` is meant for other servers than ours. */
function forgetOtherServers(): void {
  for (const name of Object.keys(process.env)) if (/^(PG|VAULT_|BAO_)/.test(name)) delete process.env[name]
}

function openDisplay({ seconds }: DemoOptions): Display {
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  return isTerminal ? new View(process.stdout, seconds) : logLines(process.stdout)
}

main().catch((error: unknown) => {
  console.error(`demo: ${messageOf(error)}`)
  process.exitCode = error instanceof ArgumentError ? 2 : 1
})
