import { UnreadableMessageError } from '@leasepool/core'
import type { Duplex } from 'node:stream'
import type { Connection } from 'pg'
import type { PrivateConnection } from './private-members'

/**
 * Cuts a connection whose server sends what pg's parser throws at. pg reads messages where the socket's data arrives, so that it would end
 * the process, whoever had asked. What is thrown by those who listen, an app's callback say, is theirs as ever.
 */
export function cutWhenUnreadable(connection: Connection): void {
  const guarded = connection as PrivateConnection
  const attach = guarded.attachListeners
  if (attach === undefined) return
  let thrownByListener: unknown
  const emit = connection.emit.bind(connection) as (...args: unknown[]) => boolean
  connection.emit = (...args: unknown[]) => {
    try {
      return emit(...args)
    } catch (error) {
      thrownByListener = error
      throw error
    }
  }
  guarded.attachListeners = (stream) => {
    const before = stream.listeners('data')
    attach.call(guarded, stream)
    for (const read of stream.listeners('data') as ((bytes: Buffer) => void)[]) {
      if (before.includes(read)) continue
      stream.off('data', read)
      stream.on('data', (bytes: Buffer) => {
        try {
          read(bytes)
        } catch (cause) {
          if (cause === thrownByListener) throw cause
          cut(stream, new UnreadableMessageError({ cause }))
        }
      })
    }
  }
}

function cut(stream: Duplex, error: Error): void {
  stream.removeAllListeners('data') // what has arrived already makes no more sense
  stream.destroy(error)
}

/** The server has sent a message of a kind that pg does not know: what comes after it makes no sense either. */
export function isUnreadable(error: Error): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  return severity === undefined && code === undefined
}
