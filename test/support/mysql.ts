import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { ownedFolder } from '../../packages/dev-vault/src/embedded/orphans'
import { freePort } from './free-port'
import { removeOrphanedMariaDb } from './orphaned-mariadb'
import { poll } from './poll'
import { ended, findProgram, hasEnded } from './server-process'

/** A MySQL or MariaDB server for tests. */
export interface TestMysql {
  readonly kind: 'mariadb' | 'mysql'
  readonly host: string
  readonly port: number
  /** As admin, without a database: `mysql://user:password@host:port`. */
  readonly url: string
  /** The admin's name and password, which are in `url` too. */
  readonly username: string
  readonly password: string
  /** Runs one statement as admin, on a connection of its own. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /** Makes a database whose name begins so and is nobody else's, on a server that may be shared. */
  createDatabase(prefix: string): Promise<{ readonly name: string; readonly url: string }>
  /** The users whose names begin so; by default the leased ones with rights in databases that were made here. */
  users(prefix?: string): Promise<string[]>
  /** Drops the databases that were made here, and ends a server that was started here; one named by a variable goes on. */
  stop(): Promise<void>
}

const MARIADB_MISSING =
  'No MariaDB: run `apt-get install mariadb-server` (or `brew install mariadb`), or set LEASEPOOL_MARIADB_URL=mysql://admin:password@host:port'

const MYSQL_MISSING = 'No MySQL: set LEASEPOOL_MYSQL_URL=mysql://admin:password@host:port'

const FOLDERS = ['/usr/sbin', '/usr/libexec', '/usr/bin', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin']

const START_TRIES = 5

/** Whether {@link startMySql} has a server to give: Oracle's MySQL is in few distributions, hence only by LEASEPOOL_MYSQL_URL. */
export const hasMySql = Boolean(process.env['LEASEPOOL_MYSQL_URL'])

/** The server of LEASEPOOL_MYSQL_URL. Rejects, saying so, if the variable is not set. */
export async function startMySql(): Promise<TestMysql> {
  const url = process.env['LEASEPOOL_MYSQL_URL']
  if (!url) throw new Error(MYSQL_MISSING)
  return handle('mysql', url, () => Promise.resolve())
}

/**
 * The server of LEASEPOOL_MARIADB_URL, or a new one on 127.0.0.1 in a temporary folder, which ends with this process at the latest.
 * Rejects in one line that says how to get one if `mariadbd` is not installed.
 */
export async function startMariaDb(): Promise<TestMysql> {
  await removeOrphanedMariaDb()
  const url = process.env['LEASEPOOL_MARIADB_URL']
  if (url) return handle('mariadb', url, () => Promise.resolve())
  const programs = findPrograms()
  const folder = await ownedFolder('mariadb')
  try {
    return await startIn(folder, programs)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Programs {
  readonly server: string
  readonly install: string
}

function findPrograms(): Programs {
  const server = findProgram(['mariadbd'], FOLDERS)
  const install = findProgram(['mariadb-install-db', 'mysql_install_db'], FOLDERS)
  if (server === undefined || install === undefined) throw new Error(MARIADB_MISSING)
  return { server, install }
}

async function startIn(folder: string, { server, install }: Programs): Promise<TestMysql> {
  // As root the server runs as another user, who must get into the folder.
  const isRoot = process.getuid?.() === 0
  await chmod(folder, 0o755)
  const user = isRoot ? ['--user=mysql'] : []
  const data = join(folder, 'data')
  // Its own: a server that starts deletes the temporary tables of all others in the same folder.
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  await chmod(temporary, 0o1777)
  const env = { ...process.env, TMPDIR: temporary }
  const setup = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  await promisify(execFile)(install, [...setup, '--skip-name-resolve', ...user], { env })
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(server, folder, data, user, env)
    } catch (error) {
      if (attempt === START_TRIES) throw error
    }
  }
}

async function run(
  server: string,
  folder: string,
  data: string,
  user: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<TestMysql> {
  const port = await freePort()
  const args = ['--no-defaults', ...user, ...settings(data, port)]
  const child = spawn(server, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  child.on('error', (error) => (output += String(error)))
  child.unref()
  ;(child.stderr as unknown as { unref(): void }).unref()
  const atExit = (): void => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }
  process.once('exit', atExit)
  const url = `mysql://root@127.0.0.1:${port}`
  const answers = async (): Promise<boolean> => {
    if (hasEnded(child)) throw new Error(`mariadbd ended: ${output}`)
    return query(url, 'SELECT 1').then(
      () => true,
      () => false,
    )
  }
  try {
    await poll('MariaDB answers', answers, (isUp) => isUp, 30_000)
  } catch (error) {
    process.removeListener('exit', atExit)
    await ended(child)
    throw error
  }
  return handle('mariadb', url, async () => {
    await ended(child)
    process.removeListener('exit', atExit)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
}

function settings(data: string, port: number): string[] {
  return [
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(data, 'm.sock')}`,
    `--pid-file=${join(data, 'm.pid')}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    '--debug-no-sync', // MariaDB only; users are made and dropped without waiting for the disk
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=32M',
    '--max-connections=500',
  ]
}

function handle(kind: TestMysql['kind'], text: string, stop: () => Promise<void>): TestMysql {
  const address = new URL(text)
  const url = `mysql://${address.username}${address.password && `:${address.password}`}@${address.host}`
  const databases = new Set<string>()
  const end = async (): Promise<void> => {
    for (const name of databases) await query(url, `DROP DATABASE IF EXISTS ${name}`)
    await stop()
  }
  let stopping: Promise<void> | undefined
  return {
    kind,
    host: address.hostname,
    port: Number(address.port || 3306),
    url,
    username: decodeURIComponent(address.username),
    password: decodeURIComponent(address.password),
    sql: (statement, values) => query(url, statement, values),
    createDatabase: async (prefix) => {
      const name = `${prefix}${randomBytes(4).toString('hex')}`
      databases.add(name)
      await query(url, `CREATE DATABASE ${name}`)
      return { name, url: `${url}/${name}` }
    },
    users: async (prefix) => {
      const where = prefix === undefined ? "db IN (?) AND user LIKE 'v-%'" : 'LEFT(user, ?) = ?'
      const values = prefix === undefined ? [['', ...databases]] : [prefix.length, prefix]
      const table = prefix === undefined ? 'mysql.db' : 'mysql.user'
      const rows = await query(url, `SELECT DISTINCT user AS name FROM ${table} WHERE ${where} ORDER BY 1`, values)
      return rows.map((row) => String(row['name']))
    },
    stop: () => (stopping ??= end()),
  }
}

async function query(url: string, text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 })
  try {
    const [rows] = await connection.query(text, [...values])
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  } finally {
    await connection.end().catch(() => undefined)
  }
}
