import { execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { chmod, chown, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { ownedFolder, removeOrphans } from '../../packages/dev-vault/src/embedded/orphans'
import type { TestDatabase } from './database'
import { freePort } from './free-port'
import { poll } from './poll'
import { ended, findProgram, hasEnded, killServersWith } from './server-process'

/** A PgBouncer in front of the database `app` of a PostgreSQL server. It knows no user by name: it asks the server for each. */
export interface TestBouncer {
  readonly host: string
  readonly port: number
  /** Runs a command of its console, such as `SHOW CLIENTS`: https://www.pgbouncer.org/usage.html#admin-console */
  console(command: string): Promise<Record<string, unknown>[]>
  /** Its clients whose users' names begin so. */
  clients(prefix: string): Promise<number>
  stop(): Promise<void>
}

export type PoolMode = 'session' | 'transaction'

const MISSING =
  'No PgBouncer: run `apt-get install pgbouncer` (or `brew install pgbouncer`), or set LEASEPOOL_PGBOUNCER_BIN to the program'

const START_TRIES = 5

/** The one user that PgBouncer knows by itself: it looks the others up, and runs the console. */
const USER = 'pgbouncer_lookup'
const PASSWORD = 'Password-of-pgbouncer'

const program =
  process.env['LEASEPOOL_PGBOUNCER_BIN'] || findProgram(['pgbouncer'], ['/usr/sbin', '/opt/homebrew/bin', '/usr/local/bin'])

/** Whether tests that need it can run. In CI they must: there they run, and fail. */
export const hasPgBouncer = program !== undefined || Boolean(process.env['CI'])

/** Says in one line what is skipped, and how to have it run. */
export function sayWithoutPgBouncer(what: string): void {
  if (!hasPgBouncer) console.warn(`Skipped: ${what}. ${MISSING}`)
}

/**
 * Starts one on a free port of 127.0.0.1; it ends with this process at the latest. `settings` go into its configuration.
 * Rejects in one line that says how to get one if it is not installed.
 */
export async function startPgBouncer(
  database: TestDatabase,
  mode: PoolMode,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<TestBouncer> {
  if (program === undefined) throw new Error(MISSING)
  await removeOrphans(/^leasepool-pgbouncer-/, async (data) => {
    const configuration = join(dirname(data), 'pgbouncer.ini')
    await poll('an orphaned PgBouncer is gone', () => killServersWith(configuration), (count) => count === 0, 5_000) // prettier-ignore
    return true
  })
  await prepare(database)
  const folder = await ownedFolder('pgbouncer')
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await startIn(folder, program, { ...defaults(database, mode), ...settings })
      } catch (error) {
        if (attempt === START_TRIES) throw error
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** What an operator does once: a user for PgBouncer and a function with which that one may look up any user. */
async function prepare({ url, sql }: TestDatabase): Promise<void> {
  await sql(`DO $$ BEGIN CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'; EXCEPTION WHEN duplicate_object THEN END $$`)
  const admin = new Client(Object.assign(new URL(url), { pathname: '/app' }).href)
  await admin.connect()
  await admin.query(`
    CREATE SCHEMA IF NOT EXISTS pgbouncer;
    CREATE OR REPLACE FUNCTION pgbouncer.lookup(name text, OUT username text, OUT secret text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
      SELECT rolname::text, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END
      FROM pg_authid WHERE rolname = name AND rolcanlogin
    $$;
    REVOKE ALL ON FUNCTION pgbouncer.lookup(text) FROM public;
    GRANT USAGE ON SCHEMA pgbouncer TO ${USER};
    GRANT EXECUTE ON FUNCTION pgbouncer.lookup(text) TO ${USER};
  `)
  await admin.end()
}

function defaults({ host, port }: TestDatabase, mode: PoolMode): Record<string, string | number> {
  return {
    pool_mode: mode,
    auth_type: 'scram-sha-256',
    auth_user: USER,
    auth_query: 'SELECT username, secret FROM pgbouncer.lookup($1)',
    admin_users: USER,
    max_client_conn: 1_000,
    // While a client waits for a server connection, nobody sees that it has gone.
    query_wait_timeout: 5,
    server_login_retry: 1,
    listen_addr: '127.0.0.1',
    unix_socket_dir: '',
    '*': `host=${host} port=${port}`,
  }
}

async function startIn(
  folder: string,
  bouncer: string,
  { '*': target, ...settings }: Record<string, string | number>,
): Promise<TestBouncer> {
  const port = await freePort()
  const [configuration, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')]
  const lines = Object.entries({ ...settings, listen_port: port, auth_file: users }).map(([name, value]) => `${name} = ${value}`)
  await writeFile(configuration, ['[databases]', `* = ${target}`, '[pgbouncer]', ...lines, ''].join('\n'))
  await writeFile(users, `"${USER}" "${PASSWORD}"\n`, { mode: 0o600 })
  const owner = await handOver(folder, [configuration, users])
  const child = spawn(bouncer, [configuration], { stdio: ['ignore', 'ignore', 'pipe'], ...owner })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  child.on('error', (error) => (output += String(error)))
  child.unref()
  ;(child.stderr as unknown as { unref(): void }).unref()
  const atExit = (): void => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', atExit)
  const end = async (): Promise<void> => {
    process.removeListener('exit', atExit)
    await ended(child)
  }
  const connect = async (): Promise<Client | undefined> => {
    if (hasEnded(child)) throw new Error(`PgBouncer ended: ${output}`)
    const client = new Client({ host: '127.0.0.1', port, user: USER, password: PASSWORD, database: 'pgbouncer' })
    client.on('error', () => undefined)
    return client.connect().then(
      () => client,
      () => undefined,
    )
  }
  try {
    const admin = (await poll('PgBouncer answers', connect, (client) => client !== undefined))!
    return handle(port, admin, async () => {
      await admin.end()
      await end()
      await rm(folder, { recursive: true, force: true })
    })
  } catch (error) {
    await end()
    throw error
  }
}

/** PgBouncer refuses to run as root: then another user gets what it must read. */
async function handOver(folder: string, files: readonly string[]): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (kind: string): number => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }))
  const [uid, gid] = [idOf('-u'), idOf('-g')] // the embedded PostgreSQL has made that user
  await chmod(folder, 0o755)
  for (const file of files) await chown(file, uid, gid)
  return { uid, gid }
}

function handle(port: number, admin: Client, stop: () => Promise<void>): TestBouncer {
  let last: Promise<unknown> = Promise.resolve()
  const command = (text: string): Promise<Record<string, unknown>[]> => {
    const asked = last.then(() => admin.query<Record<string, unknown>>(text)).then(({ rows }) => rows)
    last = asked.catch(() => undefined) // one after the other: tests that run at the same time share this connection
    return asked
  }
  let stopping: Promise<void> | undefined
  return {
    host: '127.0.0.1',
    port,
    console: command,
    clients: async (prefix) => (await command('SHOW CLIENTS')).filter((row) => String(row['user']).startsWith(prefix)).length,
    stop: () => (stopping ??= last.then(stop)),
  }
}
