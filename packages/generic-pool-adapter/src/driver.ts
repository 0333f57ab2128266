import type { ConnectionDriver, Credential, LeasedPoolSettings } from '@leasepool/core'
import type { Pool } from 'generic-pool'
import type { ConnectionFactory } from './connection-factory'
import { takeOut } from './generic-pool-members'
import { Session } from './session'

/** The generic-pool side of a `LedgerPool`. */
export function sessionDriver<T extends object>(options: {
  pool: Pool<T>
  factory: ConnectionFactory<T>
  settings: LeasedPoolSettings
  /** Told of a connection that was closed by force. */
  cut: (connection: T) => void
}): ConnectionDriver<Session<T>> {
  const close: ConnectionDriver<Session<T>>['close'] = (session, how) => {
    void session.close(how).catch(() => undefined) // generic-pool emits that
    if (session.connection !== undefined) takeOut(options.pool, session.connection)
  }
  return {
    probe: (candidate, signal) => probe(options, candidate, signal),
    close,
    forceClose: async (session) => {
      close(session, 'cut')
      await session.ended
      if (session.connection !== undefined) options.cut(session.connection)
    },
  }
}

async function probe<T extends object>(
  { factory, settings }: { factory: ConnectionFactory<T>; settings: LeasedPoolSettings },
  candidate: Credential,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const { clock, pingTimeoutMs } = settings
  const session = new Session(factory, candidate, clock)
  const abort = (): void => void session.close('cut').catch(() => undefined)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const connection = await session.open(() => undefined)
    const { result, error } = await session.check(pingTimeoutMs)
    const said = result === 'silent' ? `got no answer within ${pingTimeoutMs} ms` : 'said no'
    if (result !== 'passed') throw error ?? new Error(`The new user could log in, but validate() ${said}`)
    await Promise.race([factory.probe?.(connection), session.ended.then(() => signal.throwIfAborted())])
  } finally {
    await session.close('goodbye').catch(() => undefined)
    signal.removeEventListener('abort', abort)
  }
}
