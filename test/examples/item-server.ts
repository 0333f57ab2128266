import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { startServer } from '../contract/server'
import type { UserMaker } from '../support/user-source'

/** A server with the table `item` that the examples of libraries use. */
export interface ItemServer extends UserMaker {
  readonly kind: 'postgres' | 'mariadb'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly owner: string
  /** Runs SQL as admin. */
  sql(text: string): Promise<Record<string, unknown>[]>
  /** How many there are. */
  items(): Promise<number>
  /** Nobody else may lock the item until what this gives is called; again does nothing. */
  lock(id: number): Promise<() => Promise<void>>
  /** Sessions that wait for such a lock, of the users whose names begin so; on PostgreSQL not those that wait for one of another's. */
  waiting(prefix: string): Promise<number>
  /** Open sessions of the users whose names begin so. */
  sessions(prefix: string): Promise<number>
  /** Leased users that exist. */
  users(): Promise<string[]>
  stop(): Promise<void>
}

const LOCKER = { user: 'locker', password: 'locks-one-item' }

export async function startItemServer(kind: ItemServer['kind']): Promise<ItemServer> {
  const server = await startServer(kind)
  const { host, port, database } = server
  await server.makeUser(LOCKER.user, LOCKER.password, true)
  const session = kind === 'postgres' ? pgSession : mysqlSession
  if (kind === 'postgres') await server.sql(`GRANT app_rw TO ${server.owner}`)
  const look = await session({ host, port, database, ...LOCKER })
  const number = async (text: string): Promise<number> => Number((await look.query(text))[0]!['n'])
  const waiting =
    kind === 'postgres'
      ? (prefix: string) =>
          `SELECT count(*) AS n FROM pg_stat_activity waiter WHERE starts_with(usename, '${prefix}') AND EXISTS (SELECT FROM
           pg_stat_activity locker WHERE locker.pid = ANY (pg_blocking_pids(waiter.pid)) AND locker.usename = '${LOCKER.user}')`
      : (prefix: string) =>
          `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state = 'Statistics' AND user LIKE '${prefix}%'`
  return {
    ...server,
    kind,
    items: () => number('SELECT COUNT(*) AS n FROM item'),
    lock: async (id) => {
      const holder = await session({ host, port, database, ...LOCKER })
      await holder.query(server.begin)
      await holder.query(`SELECT label FROM item WHERE id = ${id} FOR UPDATE`)
      let ended: Promise<void> | undefined
      return () => (ended ??= holder.end())
    },
    waiting: async (prefix) => Number((await server.sql(waiting(prefix)))[0]!['n']), // as admin, who sees what others do
    stop: async () => {
      await look.end()
      await server.dropUser(LOCKER.user)
      await server.stop()
    },
  }
}

interface Session {
  query(text: string): Promise<Record<string, unknown>[]>
  end(): Promise<void>
}

type Login = typeof LOCKER & { readonly host: string; readonly port: number; readonly database: string }

async function pgSession(login: Login): Promise<Session> {
  const client = new Client(login)
  client.on('error', () => undefined) // the server ends before it does, where a test failed
  await client.connect()
  return { query: async (text) => (await client.query<Record<string, unknown>>(text)).rows, end: () => client.end() }
}

async function mysqlSession(login: Login): Promise<Session> {
  const connection = await createConnection(login)
  return {
    query: async (text) => (await connection.query(text))[0] as Record<string, unknown>[],
    end: () => connection.end(),
  }
}
