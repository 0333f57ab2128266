import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, rmSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import type { AdminDatabase } from './vault'

const FOLDERS = ['/usr/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin']
const MISSING =
  'No MariaDB: install mariadb-server, or set LEASEPOOL_MARIADB_URL or LEASEPOOL_MYSQL_URL to mysql://admin:password@host:port'
const START_TRIES = 300

/** An empty database on the server of LEASEPOOL_MYSQL_URL or LEASEPOOL_MARIADB_URL, else on a MariaDB that ends with this process. */
export async function startMariaDb(): Promise<AdminDatabase & { stop(): Promise<void> }> {
  const given = process.env['LEASEPOOL_MYSQL_URL'] || process.env['LEASEPOOL_MARIADB_URL']
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startServer()
  const name = `orders_${randomBytes(4).toString('hex')}`
  await run(server.url, `CREATE DATABASE ${name}`)
  return {
    kind: 'mysql',
    url: new URL(`/${name}`, server.url).href,
    stop: async () => {
      await run(server.url, `DROP DATABASE ${name}`)
      await server.stop()
    },
  }
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const [program, install] = [find('mariadbd'), find('mariadb-install-db')]
  const folder = await mkdtemp(join(tmpdir(), 'leasepool-example-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }))
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  const common = [
    '--no-defaults',
    `--datadir=${data}`,
    '--skip-name-resolve',
    ...(process.getuid?.() === 0 ? ['--user=mysql'] : []),
  ]
  await promisify(execFile)(install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'])
  const port = await freePort()
  const place = ['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(data, 's')}`, `--pid-file=${join(data, 'pid')}`]
  const child = spawn(program, [...common, ...place], { stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  const url = `mysql://root@127.0.0.1:${port}`
  await answers(url, child)
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL') // there is nothing to save
      await once(child, 'exit')
    },
  }
}

function find(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS]
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (found === undefined) throw new Error(MISSING)
  return found
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(url, 'DO 0')
    } catch (error) {
      if (attempt === START_TRIES || child.exitCode !== null) throw error
      await sleep(100)
    }
  }
}

async function run(url: string, statement: string): Promise<void> {
  const connection = await createConnection(url)
  try {
    await connection.query(statement)
  } finally {
    await connection.end()
  }
}
