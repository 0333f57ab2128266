import { errorMonitor } from 'node:events'
import type { Connection } from 'mysql2'
import { endStreams } from './end-streams'
import type { Command } from './mysql2-members'

/** `undefined`: the connection is closed. */
type Method = (...args: unknown[]) => Command | undefined

/** `isPools`: the pool sent the query, or its cluster did; nobody else holds the connection. */
type Heard = (error: unknown, isPools: boolean) => void

/** Hears every error that a query or statement of the connection ends with, whoever sent it; who sent it gets the same error. */
export function watchErrors(connection: Connection, heard: Heard): void {
  const endWithConnection = endStreams(connection)
  const methods = connection as unknown as Record<'query' | 'execute', Method>
  for (const name of ['query', 'execute'] as const) {
    const stock = methods[name].bind(connection)
    methods[name] = (...args) => {
      const last = args.at(-1)
      if (typeof last === 'function')
        return stock(
          ...args.slice(0, -1),
          hearing(last as Callback, (error) => heard(error, false)),
        )
      const [command] = args as [Partial<Command> | undefined]
      // A pool's own `query` hands a command over that it has made.
      if (typeof command?.onResult === 'function') {
        command.onResult = hearing(command.onResult, (error) => heard(error, true))
        return stock(...args)
      }
      const sent = stock(...args)
      if (sent === undefined) return sent
      sent.on(errorMonitor, (error) => heard(error, sent === command))
      endWithConnection(sent)
      return sent
    }
  }
}

type Callback = (error: unknown, ...rest: unknown[]) => void

function hearing(callback: Callback, heard: (error: unknown) => void): Callback {
  return function (this: unknown, error, ...rest) {
    if (error) heard(error)
    callback.call(this, error, ...rest)
  }
}
