import type { Connection } from 'pg'

type Listener = (...args: unknown[]) => void

const ANSWER = 'readyForQuery'

/**
 * Who reads from a cursor or a stream whose connection ends is told. Before pg-cursor says so, it closes the portal and waits for the
 * server's answer (2.22, `Cursor.close`), which a connection that has ended never gives: stock readers wait for ever.
 */
export function endCursors(connection: Connection): void {
  connection.once('end', () => {
    // The client's own listener is none of those that wait for one answer.
    for (const listener of connection.rawListeners(ANSWER) as (Listener & { listener?: Listener })[]) {
      if (listener.listener !== undefined) listener()
    }
    connection.on('newListener', (event, listener: Listener) => {
      if (event !== ANSWER) return
      process.nextTick(() => {
        connection.off(ANSWER, listener)
        listener()
      })
    })
  })
}
