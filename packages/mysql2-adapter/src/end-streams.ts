import type { Connection } from 'mysql2'
import type { Command } from './mysql2-members'

/**
 * Who reads from a stream whose connection is lost is told, and so is whoever else listens to a command instead of giving a callback:
 * mysql2 forgets these (3.11 to 3.24, `_notifyError`), and a stock reader waits for ever. Gives what to call with each such command.
 */
export function endStreams(connection: Connection): (sent: Command) => void {
  const running = new Set<Command>()
  connection.on('error', (error: unknown) => {
    for (const command of running) if (command.listenerCount('error') > 0) command.emit('error', error)
    running.clear()
  })
  return (sent) => {
    running.add(sent)
    sent.once('end', () => running.delete(sent)) // also after an error of its own
  }
}
