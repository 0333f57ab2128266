import { startMariaDb } from './mariadb'
import { startPostgres } from './postgres'
import { startVault, type AdminDatabase, type Environment } from './vault'

/** From this process to the one of the service. */
export type Report =
  { readonly type: 'started'; readonly environment: Environment } | { readonly type: 'failed'; readonly message: string }

/** Short, so that something is to be seen; an hour and a day are usual. */
const LIFE = { ttlSeconds: 10, maxTtlSeconds: 20 }

/** Serves until the service is gone. */
async function main(): Promise<void> {
  const gone = new Promise<void>((resolve) => process.once('disconnect', resolve))
  const database = await start(process.env['DATABASE'] ?? 'postgres')
  try {
    const { vault, environment } = await startVault(database, LIFE)
    send({ type: 'started', environment })
    await gone
    await vault.close()
  } finally {
    await database.stop()
  }
}

function start(kind: string): Promise<AdminDatabase & { stop(): Promise<void> }> {
  if (kind === 'postgres') return startPostgres()
  if (kind === 'mysql') return startMariaDb()
  throw new Error(`DATABASE must be "postgres" or "mysql", not "${kind}"`)
}

function send(report: Report): void {
  if (process.connected) process.send!(report)
}

main().catch((error: unknown) => {
  send({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  if (process.connected) process.disconnect()
})
