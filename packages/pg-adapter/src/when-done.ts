import type { Client, PoolClient } from 'pg'
import { privateClient } from './private-members'

/** Calls `done` once the client has answered everything that it was asked, or is gone; at once where it runs nothing. */
export function whenDone(client: PoolClient, done: () => void): void {
  const { readyForQuery } = privateClient(client as unknown as Client)
  const { stream } = (client as unknown as Client).connection
  if (readyForQuery !== false || stream.destroyed) return done()
  const settle = (): void => {
    client.off('drain', settle)
    client.off('end', settle)
    done()
  }
  client.on('drain', settle)
  client.on('end', settle)
}
