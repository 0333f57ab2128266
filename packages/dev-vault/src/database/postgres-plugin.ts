import { type ClientConfig, DatabaseError, escapeIdentifier, escapeLiteral, Pool } from 'pg'
import { type Announcement, type DatabasePlugin, masked, type NewUser, UserExistsError } from './database-plugin'
import { announceBy } from './postgres-announcement'
import { connectText, databaseText } from './postgres-errors'
import { eraseRole } from './postgres-erase'
import { defaultRevocations } from './postgres-revocation'
import { multiError } from '../http/respond'
import { runTransaction } from './postgres-transaction'
import { scramSecret } from './scram'
import { expirationText, fillStatement, splitStatements, type StatementValues } from './statements'

/** PostgreSQL blocks password logins 5 s after the lease ends, as Vault sets it. */
const EXPIRATION_SLACK_MS = 5_000

/** How often a transaction that lost against a concurrent one is run again. */
const CONFLICT_TRIES = 10

const DEFAULT_RENEWAL = [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`]

/** How a {@link PostgresPlugin} connects. */
export interface PostgresSettings {
  /** With name and password in it. */
  readonly url: string
  readonly password: string
  readonly maxConnections: number
  /** Sends verifiers instead of passwords. */
  readonly scram: boolean
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/** What Vault's PostgreSQL plugin does. A statement that lost against a concurrent one (XX000) is run again. */
export class PostgresPlugin implements DatabasePlugin {
  readonly server: string
  readonly #pool: Pool
  readonly #config: ClientConfig
  readonly #settings: PostgresSettings

  constructor(settings: PostgresSettings) {
    this.#settings = settings
    this.server = serverOf(settings.url)
    this.#config = {
      connectionString: settings.url,
      connectionTimeoutMillis: 10_000,
      query_timeout: 90_000,
      ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    }
    // The connections must not keep a finished test process alive.
    this.#pool = new Pool({ ...this.#config, application_name: 'vault', max: settings.maxConnections, allowExitOnIdle: true })
    // A lost idle connection is replaced at the next query; without a listener it would end the process.
    this.#pool.on('error', () => undefined)
  }

  async verify(): Promise<void> {
    try {
      await this.#pool.query('SELECT 1')
    } catch (error) {
      const text = connectText(error, this.#settings.url)
      throw new Error(`error verifying connection: ping failed: ${masked(text, [this.#settings.password])}`)
    }
  }

  /** All statements in one transaction, so that nothing is left if one fails. */
  async createUser(statements: readonly string[], user: NewUser, expiresMs: number): Promise<void> {
    const expiration = expirationText(expiresMs + EXPIRATION_SLACK_MS)
    await this.#masked(
      [user.password],
      (text) => `failed to execute query: ${text}`,
      () => this.#inTransaction(statements, { username: user.username, password: this.#sent(user.password), expiration }),
    )
  }

  async extendUser(statements: readonly string[], username: string, expiresMs: number): Promise<void> {
    const values = { username, expiration: expirationText(expiresMs + EXPIRATION_SLACK_MS) }
    await this.#masked([], multiError, () => this.#inTransaction(statements.length > 0 ? statements : DEFAULT_RENEWAL, values))
  }

  /** By default, a user that is gone is a success, and no session is ended. */
  async dropUser(statements: readonly string[], username: string): Promise<void> {
    await this.#masked([], plain, () =>
      statements.length > 0 ? this.#inTransaction(statements, { username }) : this.#dropByDefault(username),
    )
  }

  async setPassword(statements: readonly string[], { username, password }: NewUser): Promise<void> {
    const sent = this.#sent(password)
    const alter = `ALTER ROLE ${escapeIdentifier(username)} WITH PASSWORD ${escapeLiteral(sent)}`
    await this.#masked(
      [password],
      (text) => multiError(`failed to execute query: ${text}`),
      () =>
        statements.length > 0 ? this.#inTransaction(statements, { username, password: sent }) : this.#runTransaction([alter]),
    )
  }

  async announce(slots: readonly number[], onLost: () => void): Promise<Announcement> {
    return announceBy(this.#config, slots, onLost)
  }

  async findUsers(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ name: string }>(
      `SELECT rolname::text AS name FROM pg_roles WHERE rolname LIKE 'v-%'`,
    )
    return rows.map((row) => row.name)
  }

  async eraseUser(username: string): Promise<void> {
    await this.#masked([], plain, () => eraseRole(this.#pool, this.#config, username))
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  #sent(password: string): string {
    return this.#settings.scram ? scramSecret(password) : password
  }

  async #inTransaction(statements: readonly string[], values: StatementValues): Promise<void> {
    await this.#runTransaction(splitStatements(statements).map((statement) => fillStatement(statement, values)))
  }

  async #runTransaction(texts: readonly string[]): Promise<void> {
    for (const text of texts) if (text.includes('\0')) throw new Error('a statement with a NUL character cannot be run')
    await retryingConflicts(() => runTransaction(this.#pool, texts))
  }

  /** Outside any transaction and going on after errors; no DROP if a REVOKE failed. */
  async #dropByDefault(username: string): Promise<void> {
    const exists = await this.#pool.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [username])
    if (exists.rowCount === 0) return
    let lastError: unknown
    for (const revocation of await defaultRevocations(this.#pool, username)) {
      await retryingConflicts(() => this.#pool.query(revocation)).catch((error: unknown) => (lastError = error))
    }
    if (lastError !== undefined) throw new Error(`could not perform all revocation statements: ${databaseText(lastError)}`)
    await retryingConflicts(() => this.#pool.query(`DROP ROLE IF EXISTS ${escapeIdentifier(username)}`))
  }

  async #masked(secrets: readonly string[], wording: (text: string) => string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
    } catch (error) {
      // Without a cause: the original names the password.
      const text = wording(masked(databaseText(error), [...secrets, this.#settings.password]))
      throw isDuplicate(error) ? new UserExistsError(text) : new Error(text)
    }
  }
}

function plain(text: string): string {
  return text
}

/**
 * Concurrent changes of one catalogue row (GRANTs on one table, for example) fail with XX000 `tuple concurrently updated` instead of
 * waiting for each other; they work when run again.
 */
async function retryingConflicts<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt === CONFLICT_TRIES || !isConflict(error)) throw error
    }
  }
}

function isConflict(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false
  return error.code === '40P01' || (error.code === 'XX000' && /^tuple concurrently (updated|deleted)$/.test(error.message))
}

function isDuplicate(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42710'
}

function serverOf(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined
  return address === undefined ? url : `${address.hostname}:${address.port || 5432}`
}
