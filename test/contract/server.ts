import { Client } from 'pg'
import { startDatabase, type TestDatabase } from '../support/database'
import { startMysqlDatabase } from '../support/mysql-database'
import { startPgBouncer } from '../support/pgbouncer'

export type ServerKind = 'postgres' | 'pgbouncer-session' | 'pgbouncer-transaction' | 'mariadb' | 'mysql'

/** A real database server that behaviours run on, with what differs in its SQL. */
export interface ContractServer {
  readonly kind: ServerKind
  readonly host: string
  readonly port: number
  readonly database: string
  /** Runs SQL as admin. */
  sql(text: string): Promise<Record<string, unknown>[]>
  /** Runs one statement as admin in `database`. */
  sqlInDatabase(text: string): Promise<void>
  makeUser(username: string, password: string, canLogIn: boolean, connections?: number): Promise<void>
  setPassword(username: string, password: string): Promise<void>
  /** Whether it may log in from now on; its sessions go on. */
  setLogin(username: string, canLogIn: boolean): Promise<void>
  /** Ends its sessions, and removes it. */
  dropUser(username: string): Promise<void>
  /** Removes it, and lets its sessions be. */
  dropUserOnly(username: string): Promise<void>
  /** Ends its sessions. */
  endSessions(username: string): Promise<void>
  /** Each connection has a session of its own, and ends with it. */
  readonly sessionForEachConnection: boolean
  users(): Promise<string[]>
  /** Open sessions of the users whose names begin so. */
  sessions(prefix: string): Promise<number>
  /** How many of them are in the middle of a statement. */
  running(prefix: string): Promise<number>
  /** The name that a session logged in with, as `who`. */
  readonly who: string
  /** A role that every user may act as, and the role that a session acts as, as `role`. */
  readonly owner: string
  readonly role: string
  /** What the server calls the session, as `id`. */
  readonly session: string
  readonly begin: string
  sleep(ms: number): string
  /** What an unknown table is answered with: the driver's own code. */
  readonly unknownTable: string
  /** A table that leased users may not read. */
  readonly forbiddenTable: string
  /** From now on the user may have so many sessions. */
  limitSessions(username: string, limit: number): Promise<void>
  /** What the driver says of one session too many; a text may be a pattern. */
  readonly tooManySessions: object
  /** The driver's code for what a user may not. */
  readonly forbidden: string
  /** Sets something that lasts as long as the session, and reads it as `state`. */
  readonly setState: string
  readonly state: string
  /** A row with `text`: so many times this text. */
  repeat(text: string, count: number): string
  /** Rows with `n` from 1 to `count`. */
  numbers(count: number): string
  /** Another database, for which the server itself allows so many connections and no more; only PostgreSQL can. */
  limitedDatabase?(max: number): Promise<string>
  stop(): Promise<void>
}

export async function startServer(kind: ServerKind): Promise<ContractServer> {
  switch (kind) {
    case 'postgres':
      return postgresServer(await startDatabase())
    case 'pgbouncer-session':
    case 'pgbouncer-transaction':
      return startBehindPgBouncer(kind)
    case 'mariadb':
    case 'mysql':
      return startMysql(kind)
  }
}

/** Sessions are the bouncer's clients, or what runs in their name on the server when that is more: a query whose client has gone. */
async function startBehindPgBouncer(kind: 'pgbouncer-session' | 'pgbouncer-transaction'): Promise<ContractServer> {
  const database = await startDatabase()
  const { limitedDatabase: _, ...postgres } = await postgresServer(database) // it knows one database
  const bouncer = await startPgBouncer(database, kind === 'pgbouncer-session' ? 'session' : 'transaction')
  const busy = async (prefix: string): Promise<number> => {
    const ofThem = `starts_with(usename, '${prefix}') AND state <> 'idle'`
    return Number((await database.sql(`SELECT count(*) AS n FROM pg_stat_activity WHERE ${ofThem}`))[0]!['n'])
  }
  return {
    ...postgres,
    kind,
    host: bouncer.host,
    port: bouncer.port,
    sessionForEachConnection: kind === 'pgbouncer-session',
    // It waits for the session that there is; with none it passes on what the server says.
    tooManySessions: { severity: 'FATAL', message: /query_wait_timeout$/ },
    sessions: async (prefix) => Math.max(await bouncer.clients(prefix), await busy(prefix)),
    stop: async () => {
      await bouncer.stop()
      await postgres.stop()
    },
  }
}

async function postgresServer(database: TestDatabase): Promise<ContractServer> {
  const { host, port, sql } = database
  const owner = 'app_owner'
  await sql(`CREATE ROLE ${owner} NOLOGIN`)
  await sql(`GRANT CREATE ON DATABASE app TO ${owner}`)
  // Until they are gone: a query that comes first would be answered, or given to one that is about to end.
  const endSessions = async (username: string): Promise<void> => {
    await sql(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${username}'`)
  }
  const dropUserOnly = async (username: string): Promise<void> => void (await sql(`DROP ROLE IF EXISTS "${username}"`))
  return {
    kind: 'postgres',
    host,
    port,
    database: 'app',
    sql,
    sqlInDatabase: async (text) => {
      const admin = new Client(Object.assign(new URL(database.url), { pathname: '/app' }).href)
      try {
        await admin.connect()
        await admin.query(text)
      } finally {
        await admin.end()
      }
    },
    makeUser: async (username, password, canLogIn, connections = -1) => {
      const may = `${canLogIn ? 'LOGIN' : 'NOLOGIN'} CONNECTION LIMIT ${connections}`
      await sql(`CREATE ROLE "${username}" ${may} PASSWORD '${password}' IN ROLE app_rw, ${owner}`)
    },
    setPassword: async (username, password) => void (await sql(`ALTER ROLE "${username}" PASSWORD '${password}'`)),
    setLogin: async (username, canLogIn) => void (await sql(`ALTER ROLE "${username}" ${canLogIn ? 'LOGIN' : 'NOLOGIN'}`)),
    dropUser: async (username) => {
      await endSessions(username)
      await dropUserOnly(username)
    },
    dropUserOnly,
    endSessions,
    sessionForEachConnection: true,
    users: () => database.users(),
    sessions: async (prefix) => {
      const all = await database.sessions()
      return all.filter(({ user }) => user.startsWith(prefix)).reduce((sum, { count }) => sum + count, 0)
    },
    running: async (prefix) => {
      const ofThem = `starts_with(usename, '${prefix}') AND state = 'active'`
      return Number((await sql(`SELECT count(*) AS n FROM pg_stat_activity WHERE ${ofThem}`))[0]!['n'])
    },
    who: 'SELECT session_user AS who',
    owner,
    role: 'SELECT current_user AS role',
    session: 'SELECT pg_backend_pid() AS id',
    begin: 'BEGIN',
    sleep: (ms) => `SELECT pg_sleep(${ms / 1_000})`,
    unknownTable: '42P01',
    forbiddenTable: 'pg_catalog.pg_authid',
    limitSessions: async (username, limit) => void (await sql(`ALTER ROLE "${username}" CONNECTION LIMIT ${limit}`)),
    tooManySessions: { code: '53300' },
    forbidden: '42501',
    setState: `SET app.state = 'mine'`,
    state: `SELECT coalesce(current_setting('app.state', true), '') AS state`,
    repeat: (text, count) => `SELECT repeat('${text}', ${count}) AS text`,
    numbers: (count) => `SELECT n FROM generate_series(1, ${count}) n`,
    limitedDatabase: async (max) => {
      const name = `limited_${Math.random().toString(36).slice(2, 10)}`
      await sql(`CREATE DATABASE ${name} CONNECTION LIMIT ${max}`)
      return name
    },
    stop: () => database.stop(),
  }
}

async function startMysql(kind: 'mariadb' | 'mysql'): Promise<ContractServer> {
  const server = await startMysqlDatabase(kind)
  const { host, port, database, sql } = server
  const owner = `${database}_owner`
  await sql(`CREATE ROLE ${owner}`)
  await sql(`GRANT ALL ON ${database}.* TO ${owner}`)
  const endSessions = async (username: string): Promise<void> => {
    const rows = await sql(`SELECT id FROM information_schema.processlist WHERE user = '${username}'`)
    // One may have ended by itself since.
    for (const row of rows) await sql(`KILL ${String(row['id'] ?? row['ID'])}`).catch(() => undefined)
  }
  const dropUserOnly = async (username: string): Promise<void> => void (await sql(`DROP USER IF EXISTS '${username}'@'%'`))
  return {
    kind,
    host,
    port,
    database,
    sql,
    sqlInDatabase: async (text) => void (await sql(text)),
    makeUser: async (username, password, canLogIn, connections = 0) => {
      const may = `WITH MAX_USER_CONNECTIONS ${connections} ${canLogIn ? '' : 'ACCOUNT LOCK'}`
      await sql(`CREATE USER '${username}'@'%' IDENTIFIED BY '${password}' ${may}`)
      await sql(`GRANT ALL ON ${database}.* TO '${username}'@'%'`)
      await sql(`GRANT ${owner} TO '${username}'@'%'`)
    },
    setPassword: async (username, password) => void (await sql(`ALTER USER '${username}'@'%' IDENTIFIED BY '${password}'`)),
    setLogin: async (username, canLogIn) => {
      await sql(`ALTER USER '${username}'@'%' ACCOUNT ${canLogIn ? 'UNLOCK' : 'LOCK'}`)
    },
    dropUser: async (username) => {
      await sql(`ALTER USER IF EXISTS '${username}'@'%' ACCOUNT LOCK`)
      await endSessions(username)
      await dropUserOnly(username)
    },
    dropUserOnly,
    endSessions,
    sessionForEachConnection: true,
    users: () => server.users(),
    sessions: async (prefix) => {
      const all = await server.sessions()
      return all.filter(({ user }) => user.startsWith(prefix)).reduce((sum, { count }) => sum + count, 0)
    },
    running: async (prefix) => {
      const ofThem = `LEFT(user, ${prefix.length}) = '${prefix}' AND command IN ('Query', 'Execute')`
      return Number((await sql(`SELECT COUNT(*) AS n FROM information_schema.processlist WHERE ${ofThem}`))[0]!['n'])
    },
    owner,
    role: "SELECT REPLACE(REPLACE(CURRENT_ROLE(), '`', ''), '@%', '') AS role",
    session: 'SELECT CONNECTION_ID() AS id',
    who: `SELECT SUBSTRING_INDEX(USER(), '@', 1) AS who`,
    begin: 'START TRANSACTION',
    sleep: (ms) => `SELECT SLEEP(${ms / 1_000})`,
    unknownTable: 'ER_NO_SUCH_TABLE',
    forbiddenTable: 'mysql.user',
    limitSessions: async (username, limit) => void (await sql(`ALTER USER '${username}'@'%' WITH MAX_USER_CONNECTIONS ${limit}`)),
    tooManySessions: { code: 'ER_USER_LIMIT_REACHED', errno: 1226 },
    forbidden: 'ER_TABLEACCESS_DENIED_ERROR',
    setState: `SET @state = 'mine'`,
    state: `SELECT COALESCE(CAST(@state AS CHAR), '') AS state`,
    // Not as it is: the list of processes, which others look at, cannot show what has four bytes.
    repeat: (text, count) => `SELECT REPEAT(CONVERT(0x${Buffer.from(text).toString('hex')} USING utf8mb4), ${count}) AS text`,
    numbers: (count) => `SELECT id AS n FROM item WHERE id <= ${count} ORDER BY id`,
    stop: async () => {
      await sql(`DROP ROLE ${owner}`)
      await server.stop()
    },
  }
}
