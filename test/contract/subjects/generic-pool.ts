import { createLeasedPool, pin, type ConnectionFactory } from '@leasepool/generic-pool-adapter'
import { assumeRole, cancelRequest } from '@leasepool/pg-adapter'
import { systemClock } from '@leasepool/core'
import { createConnection, type Connection } from 'mariadb'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Client } from 'pg'
import { leasedOf, type OpenOptions, type Query, type Row, type Subject } from './subject'

type Where = Pick<OpenOptions, 'host' | 'port' | 'database' | 'assumeRole' | 'probeQuery' | 'patience'>

/** Plain clients of pg. */
export function pgFactory(where: Where): ConnectionFactory<Client> {
  const { host, port, database, assumeRole: role, probeQuery, patience } = where
  const limits = patience && { connectionTimeoutMillis: patience.connectMs, query_timeout: patience.queryMs }
  return {
    create: async ({ username, password }) => {
      const client = new Client({ host, port, database, user: username, password, ...limits })
      client.on('error', () => undefined) // told to whoever waits, or by `watch`
      try {
        await client.connect()
        if (role !== undefined) await assumeRole(client, role)
        return client
      } catch (error) {
        client.connection.stream.destroy() // who answers a login with what is no answer may not answer to goodbye either
        throw error
      }
    },
    destroy: (client) => client.end(),
    probe: async (client) => void (probeQuery && (await client.query(probeQuery))),
    validate: (client) => client.query('SELECT session_user'),
    watch: (client, lost) => {
      client.on('error', lost) // idle
      client.on('end', lost)
      // What the server says to who runs something, right before it ends the connection.
      client.connection.on('errorMessage', (error: Error & { severity?: string }) => error.severity === 'FATAL' && lost(error))
    },
    cancel: async (client) => {
      await cancelRequest(client, systemClock)
      client.connection.stream.destroy()
    },
  }
}

/** MariaDB's own connector. Its sockets are ours, so that we know when they have ended. */
export function mariadbFactory({ assumeRole: role, probeQuery, patience, ...where }: Where): ConnectionFactory<Connection> {
  const sockets = new WeakMap<Connection, Socket>()
  const logIn = async (user: string, password: string, signal?: AbortSignal): Promise<Connection> => {
    const socket = connect(where.port, where.host)
    signal?.addEventListener('abort', () => socket.destroy(), { once: true })
    const connection = await createConnection({
      ...where,
      user,
      password,
      allowPublicKeyRetrieval: true, // MySQL without TLS
      bigIntAsNumber: true,
      connectTimeout: patience?.connectMs ?? 10_000, // one second, unless set
      ...(patience && { socketTimeout: patience.queryMs }),
      stream: () => socket,
    })
    connection.on('error', () => undefined)
    sockets.set(connection, socket)
    return connection
  }
  const closed = (connection: Connection): Promise<unknown> => {
    const socket = sockets.get(connection)!
    return socket.closed ? Promise.resolve() : once(socket, 'close')
  }
  const end = async (connection: Connection): Promise<void> => {
    await connection.end()
    await closed(connection)
  }
  return {
    create: async ({ username, password }, signal) => {
      const connection = await logIn(username, password, signal)
      try {
        if (role !== undefined) await connection.query(`SET ROLE ${role}`)
        return connection
      } catch (error) {
        await end(connection)
        throw error
      }
    },
    destroy: end,
    probe: async (connection) => void (probeQuery && (await connection.query(probeQuery))),
    validate: (connection) => connection.query('SELECT 1'), // it takes anything for the answer to a ping
    watch: (connection, lost) => connection.on('end', lost),
    cancel: async (connection, { username, password }) => {
      sockets.get(connection)!.destroy(new Error('Cancelled'))
      await closed(connection)
      const other = await logIn(username, password)
      await other.query(`KILL ${connection.threadId}`).catch(() => undefined) // it may have ended by itself
      await other.end()
    },
  }
}

function subject<T extends object>(
  name: string,
  on: Subject['on'],
  factory: (where: Where) => ConnectionFactory<T>,
  query: (connection: T) => Query,
): Subject {
  return {
    name: `generic-pool with ${name}`,
    on,
    lacks: { stream: 'generic-pool knows nothing of rows', patience: 'createLeasedPool is not asked for one here' },
    open: (options, credentials) => {
      const { assumeRole: _role, probeQuery: _query, ...leased } = leasedOf(options)
      const limits = options.patience && { acquireTimeoutMillis: options.patience.connectMs }
      const pool = createLeasedPool(factory(options), { max: options.max, ...limits }, credentials, leased)
      return {
        query: (sql) => pool.use((connection) => query(connection)(sql)),
        borrow: async () => {
          const connection = await pool.acquire()
          return {
            query: query(connection),
            release: () => pool.release(connection),
            destroy: () => void pool.destroy(connection),
            pin: () => pin(connection),
          }
        },
        end: async () => {
          await pool.drain()
          await pool.clear()
        },
      }
    },
  }
}

export const genericPoolPg = subject(
  'pg',
  ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  pgFactory,
  (client) => async (sql) => (await client.query<Row>(sql)).rows,
)

export const genericPoolMariadb = subject(
  'mariadb',
  ['mariadb', 'mysql'],
  mariadbFactory,
  (connection) => (sql) => connection.query<Row[]>(sql),
)
