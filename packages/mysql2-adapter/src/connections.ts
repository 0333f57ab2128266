import type { Connection, ConnectionOptions } from 'mysql2'
import type { Login } from './login'
import { loggedIn, openLogin, type LoginBook } from './logins'
import type { ConnectionConfig } from './mysql2-members'

export type CreateConnection = (options: ConnectionOptions) => Connection

const logins = new WeakMap<object, Login>()
/** With which generation a login was tried that failed with this error. */
const failedLogins = new WeakMap<object, number>()

/** What the ledger keeps its book of for a connection that {@link leasedConnections} made. */
export function loginOf(connection: object): Login {
  return logins.get(connection)!
}

/** The generation with which the login was tried that failed with `error`; `undefined` for other errors. */
export function generationOfFailure(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null ? failedLogins.get(error) : undefined
}

/**
 * mysql2's `createConnection`, whose connections wait for a socket slot, log in with the credential of that moment, tell the ledger what
 * they do, and give the slot back when their socket has closed. User and password in the options are not used.
 */
export function leasedConnections(create: CreateConnection, book: () => LoginBook): CreateConnection {
  return (options) => {
    let login: Login | undefined
    const stream = ({ config }: { config: ConnectionConfig }): Login['socket'] => {
      login = openLogin(config, book())
      return login.socket
    }
    const connection = create({ ...options, user: 'leasepool', password: '', passwordSha1: undefined, stream } as never)
    follow(connection, login!, book())
    return connection
  }
}

function follow(connection: Connection, login: Login, book: LoginBook): void {
  logins.set(connection, login)
  const refused = (error: Error): void => {
    const generation = login.generation ?? (error as { generation?: number }).generation
    if (generation !== undefined) failedLogins.set(error, generation)
  }
  connection.once('error', refused)
  connection.once('connect', () => {
    connection.off('error', refused)
    loggedIn(login, connection, book)
  })
  listenForEver(connection)
}

/** A killed connection that nobody listens to would end the process, also after whoever made it has taken all listeners off. */
function listenForEver(connection: Connection): void {
  const listen = (): unknown => connection.on('error', () => undefined)
  const stock = connection.removeAllListeners.bind(connection)
  connection.removeAllListeners = (...event) => {
    stock(...event)
    listen()
    return connection
  }
  listen()
}
