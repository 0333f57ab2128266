import type { ConnectionLedger } from './connection-ledger'
import type { LedgerEntry } from './ledger-entry'
import type { DrainLimits, HeldConnection } from './pool'

/**
 * Resolves when no connection of the generations later than `after` and up to `upTo` is left. At the deadline it closes by force what nobody
 * has pinned, and at the end that as well.
 */
export async function drain<Connection extends object>(options: {
  ledger: ConnectionLedger<Connection>
  after: number
  upTo: number
  limits: DrainLimits
  forceClose: (connection: Connection) => Promise<void>
  held: (entry: LedgerEntry) => HeldConnection
}): Promise<void> {
  const { ledger, after, upTo, limits, held } = options
  const closing = new Map<Connection, Promise<void>>()
  const close = ([connection, entry]: [Connection, LedgerEntry]): void => {
    if (closing.has(connection)) return
    const borrower = entry.state === 'borrowed' ? held(entry) : undefined
    closing.set(
      connection,
      forced(connection).then(() => borrower && limits.forced(borrower)),
    )
  }
  // One that fails, though it must not: nobody would hear of it before the connection is gone, and that would end the process.
  const forced = async (connection: Connection): Promise<void> => {
    try {
      await options.forceClose(connection)
    } catch {
      ledger.retire(connection, 'cut')
    }
  }
  const gone = ledger.drained(upTo, after).then(() => 'gone' as const)

  if ((await Promise.race([gone, aborted(limits.deadline)])) === 'gone') return
  ledger.retireGenerations(upTo)
  for (const each of ledger.upTo(upTo, after)) {
    if (!each[1].isPinned) close(each)
    else if (!limits.end.aborted) limits.kept(held(each[1]))
  }
  if ((await Promise.race([gone, aborted(limits.end)])) === 'aborted') ledger.upTo(upTo, after).forEach(close)
  await gone
  await Promise.all(closing.values())
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted')
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}
