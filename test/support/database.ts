import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import { Client } from 'pg'
import { shared } from './shared'

/** A PostgreSQL server with a database `app`, whose tables belong to the group role `app_rw` that every leased user is in. */
export interface TestDatabase {
  /** Admin, to the database `postgres`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Runs SQL as admin in the database `postgres`; its connection does not count towards the limit of `app`. */
  sql(text: string): Promise<Record<string, unknown>[]>
  /** Leased users that exist. */
  users(): Promise<string[]>
  /** Sessions in `app`, by user. */
  sessions(): Promise<{ user: string; count: number }[]>
  /** The database itself refuses a session more than this. */
  limitConnections(limit: number): Promise<void>
  stop(): Promise<void>
}

export async function startDatabase(): Promise<TestDatabase> {
  const server = await startEmbeddedPostgres()
  const admin = new Client(server.url)
  await admin.connect()
  const url = await server.createDatabase('app')
  await admin.query('CREATE ROLE app_rw NOLOGIN')
  const setup = new Client(url)
  await setup.connect()
  await setup.query('CREATE TABLE item (id serial PRIMARY KEY, label text NOT NULL)')
  await setup.query(`INSERT INTO item (label) SELECT 'item ' || n FROM generate_series(1, 1000) n`)
  await setup.query('GRANT ALL ON ALL TABLES IN SCHEMA public TO app_rw; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app_rw')
  await setup.end()
  let last: Promise<unknown> = Promise.resolve()
  const sql = (text: string): Promise<Record<string, unknown>[]> => {
    const asked = last.then(() => admin.query<Record<string, unknown>>(text)).then(({ rows }) => rows)
    last = asked.catch(() => undefined) // one after the other: tests that run at the same time share this connection
    return asked
  }
  return {
    url: server.url,
    host: server.host,
    port: server.port,
    sql,
    users: shared(async () =>
      (await sql(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' ORDER BY 1`)).map((row) => String(row['rolname'])),
    ),
    sessions: shared(async () => {
      // Only what clients opened: an autovacuum worker in `app` is listed too, without a user, just as a dropped user's session is.
      const rows = await sql(
        `SELECT coalesce(usename, '(dropped)') AS who, count(*)::int AS n FROM pg_stat_activity WHERE datname = 'app' AND backend_type = 'client backend' GROUP BY 1`,
      )
      return rows.map((row) => ({ user: String(row['who']), count: Number(row['n']) }))
    }),
    limitConnections: async (limit) => void (await sql(`ALTER DATABASE app CONNECTION LIMIT ${limit}`)),
    stop: async () => {
      await last
      await admin.end()
      await server.stop()
    },
  }
}
