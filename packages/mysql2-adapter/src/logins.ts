import { classifyDatabaseError, pinnable, type Clock, type ConnectionLedger, type LeasedCredentials } from '@leasepool/core'
import type { Connection } from 'mysql2'
import { dial, newSocket } from './dial'
import { cutLater, killOnServer, ping } from './driver'
import { Login } from './login'
import type { ConnectionConfig } from './mysql2-members'
import { watchErrors } from './watch-errors'

/** What the connections of one pool share. */
export interface LoginBook {
  readonly ledger: ConnectionLedger<Login>
  readonly credentials: Pick<LeasedCredentials, 'forLogin' | 'reportError'>
  readonly clock: Clock
  /** How long a query of the pool itself that ran out of time may still take. Default: as long as it takes. */
  readonly pingTimeoutMs?: number
}

/**
 * The transport of a new connection, whose configuration `own` is from now on nobody else's: waits for a socket slot, logs in with the
 * credential of that moment, tells the ledger, and gives the slot back when its socket has closed.
 */
export function openLogin(own: ConnectionConfig, book: LoginBook): Login {
  const login = new Login(newSocket(own), own)
  void connect(login, book)
  return login
}

/** mysql2 has logged in: from now on what the server says of it is heard. */
export function loggedIn(login: Login, connection: Connection, book: LoginBook): void {
  login.connection = connection
  pinnable(connection, () => book.ledger.pin(login))
  watchErrors(connection, (error, isPools) => heard(error, isPools || login.isPools, login, book))
}

async function connect(login: Login, book: LoginBook): Promise<void> {
  const { ledger, credentials, clock } = book
  const { socket } = login
  const gone = new AbortController()
  socket.once('close', () => gone.abort(new Error('The connection was given up')))
  try {
    await ledger.slots.take({ signal: gone.signal })
  } catch {
    return // mysql2 has said why
  }
  try {
    if (socket.destroyed) throw new Error('The connection was given up')
    login.use(credentials.forLogin())
  } catch (error) {
    ledger.slots.giveBack()
    return void socket.destroy(error as Error)
  }
  ledger.opening(login, login.generation!)
  socket.once('finish', () => cutLater(socket, clock)) // closed from our side: `destroy`, a reset that failed
  socket.once('close', () => void closed(login, book))
  dial(socket, login.config)
}

async function closed(login: Login, { ledger, clock }: LoginBook): Promise<void> {
  login.connection?.destroy() // mysql2 itself does not notice one that it has said goodbye to and that was cut
  if (login.isCut) await killOnServer(login, clock)
  ledger.closed(login)
}

function heard(error: unknown, isPools: boolean, login: Login, book: LoginBook): void {
  const kind = classifyDatabaseError(error)
  // A dropped user's session says that, and so does a healthy one whose app may not: a login of its own will tell.
  if (kind === 'permission-lost') login.isSuspect = true
  if (kind === 'credential-refused') void book.credentials.reportError(error, login.generation!)
  if ((error as { code?: unknown }).code === 'PROTOCOL_SEQUENCE_TIMEOUT') void tookTooLong(isPools, login, book)
}

/**
 * A query ran out of time; mysql2 tells who sent it, and goes on waiting for the answer. Its borrower may give the connection back meanwhile.
 * A query of the pool itself holds it until the answer comes, for ever when the server is gone: the connection goes unless that comes soon.
 */
async function tookTooLong(isPools: boolean, login: Login, { ledger, clock, pingTimeoutMs }: LoginBook): Promise<void> {
  ledger.suspect(login)
  if (!isPools || pingTimeoutMs === undefined) return
  if ((await ping(login, clock, pingTimeoutMs)) !== 'passed') ledger.retire(login, 'cut')
}
