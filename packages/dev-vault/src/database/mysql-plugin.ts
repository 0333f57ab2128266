import { createConnection, createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2'
import type { Connection as PromiseConnection, RowDataPacket } from 'mysql2/promise'
import { type Announcement, type DatabasePlugin, masked, type NewUser, UserExistsError } from './database-plugin'
import { dialError } from './dial-error'
import { textOf } from '../errors'
import { announceBy, streamOf } from './mysql-announcement'
import type { MysqlAddress } from './mysql-dsn'
import { expirationText, fillStatement, splitMysqlStatements, type StatementValues } from './statements'

const DEFAULT_REVOCATION = [`REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{{name}}'@'%'; DROP USER '{{name}}'@'%'`]

const CANNOT_USER = 1396

/** How a {@link MysqlPlugin} connects. */
export interface MysqlSettings {
  readonly address: MysqlAddress
  readonly maxConnections: number
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized: boolean }
}

/** What Vault's MySQL plugin does, for MySQL and MariaDB. There is no end in the database: a lease is renewed without a statement. */
export class MysqlPlugin implements DatabasePlugin {
  readonly server: string
  readonly #pool: Pool
  readonly #options: PoolOptions
  readonly #running = new Set<Promise<unknown>>()

  constructor({ address, maxConnections, ssl }: MysqlSettings) {
    this.server = address.socket ?? `${address.host}:${address.port}`
    const { user, password, database } = address
    const place = address.socket === undefined ? { host: address.host, port: address.port } : { socketPath: address.socket }
    this.#options = {
      ...place,
      user,
      password,
      connectTimeout: 10_000,
      ...(database ? { database } : {}),
      ...(ssl ? { ssl } : {}),
    }
    this.#pool = createPool({ ...this.#options, connectionLimit: maxConnections })
    letProcessEnd(this.#pool)
  }

  async verify(): Promise<void> {
    await this.#masked(
      [],
      (text) => `error verifying - ping: ${text}`,
      () => this.#query('SELECT 1'),
    )
  }

  /** A failure in a later statement leaves the user behind, as in Vault: MySQL has no transactions for users. */
  async createUser(statements: readonly string[], user: NewUser, expiresMs: number): Promise<void> {
    const values = { ...user, expiration: expirationText(expiresMs + 5_000) }
    await this.#masked([user.password], plain, () => this.#inTransaction(statements, values))
  }

  async extendUser(): Promise<void> {
    // MySQL's plugin runs nothing: only the lease moves.
  }

  /** By default, for accounts at host `%` only; a user that is gone is an error. */
  async dropUser(statements: readonly string[], username: string): Promise<void> {
    await this.#masked([], plain, () =>
      this.#inTransaction(statements.length > 0 ? statements : DEFAULT_REVOCATION, { username }),
    )
  }

  async setPassword(statements: readonly string[], user: NewUser): Promise<void> {
    const alter = `ALTER USER ${quoted(user.username)}@'%' IDENTIFIED BY ${quoted(user.password)}`
    await this.#masked(
      [user.password],
      (text) => `failed to change password: ${text}`,
      () => (statements.length > 0 ? this.#inTransaction(statements, user) : this.#query(alter)),
    )
  }

  async announce(slots: readonly number[], onLost: () => void): Promise<Announcement> {
    return announceBy(createConnection(this.#options), slots, onLost)
  }

  async findUsers(): Promise<string[]> {
    const rows = await this.#query(`SELECT user AS name FROM mysql.user WHERE user LIKE 'v-%'`)
    return [...new Set(rows.map((row) => String(row['name'])))]
  }

  async eraseUser(username: string): Promise<void> {
    await this.#masked([], plain, () => this.#erase(username))
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.#pool.promise().end()
  }

  async #erase(username: string): Promise<void> {
    const hosts = await this.#query(`SELECT host AS host FROM mysql.user WHERE user = ${quoted(username)}`)
    const sessions = await this.#query(`SELECT id AS id FROM information_schema.processlist WHERE user = ${quoted(username)}`)
    // Some admins may drop a user but not end its sessions; those end with their clients.
    for (const { id } of sessions) await this.#query(`KILL ${Number(id)}`).catch(() => undefined)
    for (const { host } of hosts) await this.#query(`DROP USER IF EXISTS ${quoted(username)}@${quoted(String(host))}`)
  }

  async #inTransaction(statements: readonly string[], values: StatementValues): Promise<void> {
    const texts = splitMysqlStatements(statements).map((statement) => fillStatement(statement, values))
    await this.#onConnection(async (connection) => {
      await connection.beginTransaction()
      for (const [index, text] of texts.entries()) {
        await connection.query(text).catch((error: unknown) => {
          throw index === 0 && errnoOf(error) === CANNOT_USER ? new UserExistsError(databaseText(error)) : error
        })
      }
      await connection.commit()
    })
  }

  async #query(text: string): Promise<RowDataPacket[]> {
    return this.#onConnection(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(text)
      return rows
    })
  }

  /** `close` waits for it. The connection is rolled back and given back, or destroyed if that fails. */
  async #onConnection<T>(run: (connection: PromiseConnection) => Promise<T>): Promise<T> {
    const working = this.#borrowed(run)
    this.#running.add(working)
    return working.finally(() => this.#running.delete(working))
  }

  async #borrowed<T>(run: (connection: PromiseConnection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.promise().getConnection()
    try {
      return await run(connection)
    } finally {
      await connection.query('ROLLBACK').then(
        () => connection.release(),
        () => connection.destroy(),
      )
    }
  }

  async #masked(secrets: readonly string[], wording: (text: string) => string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
    } catch (error) {
      // Without a cause: the original names the password.
      const text = wording(masked(databaseText(error), [...secrets, this.#options.password ?? '']))
      throw error instanceof UserExistsError ? new UserExistsError(text) : new Error(text)
    }
  }
}

function plain(text: string): string {
  return text
}

/** mysql2 keeps a process alive for its idle connections; a finished test must be able to end. */
function letProcessEnd(pool: Pool): void {
  pool.on('acquire', (connection: PoolConnection) => streamOf(connection).ref())
  pool.on('release', (connection: PoolConnection) => streamOf(connection).unref())
}

/** A string literal, also where `NO_BACKSLASH_ESCAPES` is set: names with a backslash are refused. */
function quoted(text: string): string {
  if (/[\\\0]/.test(text)) throw new Error('a user name or password with a backslash or NUL cannot be quoted')
  return `'${text.replaceAll("'", "''")}'`
}

function errnoOf(error: unknown): unknown {
  return (error as { errno?: unknown }).errno
}

/** The database's own text, as Vault's driver gives it. */
function databaseText(error: unknown): string {
  const { errno, sqlState, sqlMessage } = error as { errno?: number; sqlState?: string; sqlMessage?: string }
  if (sqlMessage === undefined || errno === undefined) return dialError(error) ?? textOf(error)
  return `Error ${errno}${sqlState === undefined ? '' : ` (${sqlState})`}: ${sqlMessage}`
}
