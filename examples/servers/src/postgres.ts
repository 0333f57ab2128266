import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import type { AdminDatabase } from './vault'

/** A PostgreSQL from npm with an empty database. */
export async function startPostgres(): Promise<AdminDatabase & { stop(): Promise<void> }> {
  const server = await startEmbeddedPostgres()
  return { kind: 'postgres', url: await server.createDatabase('orders'), stop: () => server.stop() }
}
