import {
  TimeLimit,
  type Clock,
  type ConnectionDriver,
  type Credential,
  type Farewell,
  type LeasedPoolSettings,
} from '@leasepool/core'
import type { Client } from 'pg'
import { assumeRole } from './assume-role'
import { cancelQuery } from './cancel'
import { cutWhenUnreadable } from './unreadable'

/** How long a cancelled query may take to stop before its connection is closed under it, in ms. */
const CANCEL_MS = 1_000

/** How long a slot to cancel with may take: others wait for what the connection has. In ms. */
const CANCEL_SLOT_MS = 100

/** A dropped role still answers `SELECT 1`, but not this: https://www.postgresql.org/docs/current/functions-info.html */
export const PING = 'SELECT session_user'

/** `silent`: it did not answer within the limit. Anything but `passed` must not be used again. */
export type PingResult = 'passed' | 'failed' | 'silent'

/** Checks a connection. */
export async function ping(client: Client, clock: Clock, timeoutMs: number): Promise<PingResult> {
  const limit = new TimeLimit(clock, timeoutMs)
  const answered = client.query(PING).then(
    () => 'passed' as const,
    () => 'failed' as const,
  )
  const result = await Promise.race([answered, limit.passed.then(() => 'silent' as const)])
  limit.clear()
  return result
}

/** What to do with a connection that did not pass. */
export function farewellAfter(result: 'failed' | 'silent'): Farewell {
  return result === 'silent' ? 'cut' : 'goodbye'
}

/** The pg side of a `LedgerPool`. `Plain` is the client class without leasepool in it; `config` says where the database is. */
export function pgDriver(options: {
  Plain: new (config?: never) => Client
  config: () => Promise<object>
  settings: LeasedPoolSettings
}): ConnectionDriver<Client> {
  const { settings } = options
  const { clock } = settings
  return {
    async probe(candidate, signal) {
      const config = await options.config()
      await probe(new options.Plain(loginConfig(config, candidate) as never), signal, settings)
    },
    close: (client, how) => {
      void client.end()
      if (how === 'cut') client.connection.stream.destroy()
    },
    async forceClose(client, ledger) {
      const result = await cancelQuery(client, { ledger, clock, patienceMs: CANCEL_SLOT_MS })
      // Answered after whatever ran before it has stopped; a cursor that is being read never stops, hence the limit.
      if (result !== 'closed') await ping(client, clock, CANCEL_MS)
      await client.end()
    },
  }
}

function loginConfig(config: object, { username, password }: Credential): object {
  return { ...config, user: username, password }
}

async function probe(client: Client, signal: AbortSignal, settings: LeasedPoolSettings): Promise<void> {
  const { clock, assumeRole: role, probeQuery } = settings
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  const abort = (): void => void client.connection.stream.destroy()
  client.on('error', () => undefined) // the failure is that of connect or query
  cutWhenUnreadable(client.connection)
  signal.throwIfAborted()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
    await client.query(PING)
    if (role !== undefined) await assumeRole(client, role)
    if (probeQuery !== undefined) await client.query(probeQuery)
  } finally {
    void client.end()
    // One that never got as far as a socket has none that could end.
    const limit = new TimeLimit(clock, CANCEL_MS)
    await Promise.race([ended, limit.passed])
    limit.clear()
    client.connection.stream.destroy()
    signal.removeEventListener('abort', abort)
  }
}
