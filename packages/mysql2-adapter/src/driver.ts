import {
  TimeLimit,
  type Clock,
  type ConnectionDriver,
  type ConnectionLedger,
  type Credential,
  type Farewell,
  type LeasedPoolSettings,
} from '@leasepool/core'
import type { Connection } from 'mysql2'
import { assumeRole, query } from './assume-role'
import { dial, newSocket } from './dial'
import { installedMysql2 } from './installed'
import { setLogin, type Login } from './login'
import { copyOf, internalsOf, type ConnectionConfig } from './mysql2-members'

/** How long a socket may take to end after goodbye before it is cut: a half-open peer never answers. In ms. */
const GOODBYE_MS = 5_000
/** How long the server may take to be told that a connection is gone, in ms. */
const KILL_MS = 1_000

/** `silent`: it did not answer within the limit. Anything but `passed` must not be used again. */
export type PingResult = 'passed' | 'failed' | 'silent'

/** Checks a connection that is logged in. */
export async function ping({ connection }: Login, clock: Clock, timeoutMs: number): Promise<PingResult> {
  const limit = new TimeLimit(clock, timeoutMs)
  const answered = new Promise<PingResult>((resolve) => connection!.ping((error) => resolve(error ? 'failed' : 'passed')))
  const result = await Promise.race([answered, limit.passed.then(() => 'silent' as const)])
  limit.clear()
  return result
}

/** The mysql2 side of a `LedgerPool`. `config` says where the database is. */
export function mysqlDriver(options: {
  config: () => ConnectionConfig | Promise<ConnectionConfig>
  settings: LeasedPoolSettings
}): ConnectionDriver<Login> {
  const { clock, assumeRole: role, probeQuery } = options.settings
  return {
    async probe(candidate, signal) {
      await briefly(await options.config(), candidate, signal, clock, async (connection) => {
        await query(connection, 'SELECT CURRENT_USER()')
        if (role !== undefined) await assumeRole(connection, role)
        if (probeQuery !== undefined) await query(connection, probeQuery)
      })
    },
    close: (login, how) => close(login, how, clock),
    forceClose(login) {
      cut(login)
      return Promise.resolve()
    },
  }
}

/** Says goodbye where there is somebody to say it to. */
function close(login: Login, how: Farewell, clock: Clock): void {
  const { connection, socket } = login
  if (how === 'cut' || connection === undefined) return void streamOf(login).destroy()
  // Not the pooled connection's own `end`, which gives it back to the pool.
  const { _realEnd: end = connectionClass().prototype.end } = internalsOf(connection)
  end.call(connection, () => undefined)
  cutLater(socket, clock)
}

/** Somebody closes it; a server that does not answer must not keep the slot for ever. */
export function cutLater(socket: Login['socket'], clock: Clock): void {
  if (socket.destroyed) return
  const limit = new TimeLimit(clock, GOODBYE_MS)
  void limit.passed.then(() => socket.destroy())
  socket.once('close', () => limit.clear()) // a connection that has ended is held by nobody
}

/** What it runs is ended on the server once its socket is gone. */
function cut(login: Login): void {
  login.isCut = login.connection !== undefined
  streamOf(login).destroy()
}

function streamOf({ connection, socket }: Login): Login['socket'] {
  return connection === undefined ? socket : internalsOf(connection).stream
}

/**
 * Ends on the server what a connection ran whose socket is gone: the server notices that only when it has something to send. With the slot
 * that the connection still has. Best effort; never rejects.
 */
export async function killOnServer(login: Login, clock: Clock): Promise<void> {
  const limit = new TimeLimit(clock, KILL_MS)
  await kill('CONNECTION', login, limit.signal, clock).catch(() => undefined)
  limit.clear()
}

/**
 * Stops what the connection runs by `KILL QUERY`, with a slot of the pool. `closed`: there was none to be had within a second, or the server did
 * not take it; then the connection is cut, and ended on the server with its own slot. Never rejects.
 */
export async function cancelQuery(login: Login, ledger: ConnectionLedger<Login>, clock: Clock): Promise<'cancelled' | 'closed'> {
  const limit = new TimeLimit(clock, KILL_MS)
  try {
    await ledger.takeSlotForProbe(limit.signal)
    try {
      await kill('QUERY', login, limit.signal, clock)
    } finally {
      ledger.slots.giveBack()
    }
    return 'cancelled'
  } catch {
    cut(login)
    return 'closed'
  } finally {
    limit.clear()
  }
}

/** By the user that the connection logged in as, whoever logs in by now: it may end its own, and others may not. */
async function kill(what: 'CONNECTION' | 'QUERY', login: Login, signal: AbortSignal, clock: Clock): Promise<void> {
  const { user, password } = login.config
  const { threadId } = internalsOf(login.connection!)
  if (threadId === null || user === undefined || password === undefined) throw new Error('It was not logged in')
  const send = async (connection: Connection): Promise<void> => void (await query(connection, `KILL ${what} ${threadId}`))
  await briefly(login.config, { username: user, password }, signal, clock, send)
}

/** Logs in, does something, and settles once the socket is closed. Rejects with the server's error. */
async function briefly(
  where: ConnectionConfig,
  { username, password }: Pick<Credential, 'username' | 'password'>,
  signal: AbortSignal,
  clock: Clock,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted()
  const config = copyOf(where)
  const socket = newSocket(config)
  config.stream = socket
  config.pool = undefined
  setLogin(config, username, password)
  const connection = new (connectionClass())({ config })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const abort = (): void => void socket.destroy()
  signal.addEventListener('abort', abort, { once: true })
  connection.on('error', () => undefined) // the failure is that of the statement
  try {
    dial(socket, config)
    await use(connection)
  } finally {
    connection.end(() => undefined)
    cutLater(socket, clock)
    await closed
    signal.removeEventListener('abort', abort)
  }
}

function connectionClass(): new (options: { config: ConnectionConfig }) => Connection {
  return installedMysql2().Connection as unknown as new (options: { config: ConnectionConfig }) => Connection
}
