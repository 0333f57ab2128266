import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPackages } from '../../../test/support/build'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/index'
import { ownedFolder } from '../src/embedded/orphans'
import { eventually } from './support'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

async function query<T>(url: string, sql: string): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows[0] as T
  } finally {
    await client.end()
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function serverOf(postgres: EmbeddedPostgres): Promise<{ folder: string; pid: number }> {
  const { folder } = await query<{ folder: string }>(postgres.url, `SELECT current_setting('data_directory') AS folder`)
  return { folder, pid: Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]) }
}

it('runs two servers at once, and leaves no process and no folder behind', async () => {
  const both = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres({ maxConnections: 30 })])
  const servers = await Promise.all(both.map(serverOf))
  expect(both[0].port).not.toBe(both[1].port)
  for (const { port } of both) expect(port).toBeLessThan(32_768)
  expect(await query(both[1].url, 'SHOW max_connections')).toEqual({ max_connections: '30' })
  const url = await both[0].createDatabase('odd "name"', { connectionLimit: 7 })
  expect(await query(url, 'SELECT datconnlimit FROM pg_database WHERE datname = current_database()')).toEqual({ datconnlimit: 7 })
  await Promise.all(both.map((postgres) => postgres.stop()))
  await both[0].stop()
  for (const { folder, pid } of servers) expect([existsSync(folder), isAlive(pid)]).toEqual([false, false])
})

it('stops cleanly when the server has died by itself', async () => {
  const postgres = await startEmbeddedPostgres()
  const { folder, pid } = await serverOf(postgres)
  process.kill(pid, 'SIGQUIT')
  await eventually(() => !isAlive(pid))
  await postgres.stop()
  expect(existsSync(folder)).toBe(false)
})

it('refuses a folder with something in it, and unknown options', async () => {
  const folder = await ownedFolder('test')
  folders.push(folder)
  mkdtempSync(join(folder, 'x'))
  await expect(startEmbeddedPostgres({ databaseDir: folder })).rejects.toMatchObject({ code: 'ERR_EMBEDDED_POSTGRES_START' })
  await expect(startEmbeddedPostgres({ maxConnections: 1 })).rejects.toMatchObject({ code: 'ERR_OPTION' })
  await expect(startEmbeddedPostgres({ dir: folder } as object)).rejects.toMatchObject({ code: 'ERR_OPTION' })
})

// Run from the built package, since a plain Node process cannot read the sources.
const built = join(__dirname, '..', 'dist', 'index.js')

beforeAll(buildPackages)

it.each([
  ['SIGTERM', 'setInterval(() => {}, 1000)'],
  ['an uncaught error', 'setTimeout(() => { throw new Error("on purpose") }, 200)'],
  ['the end of a script that forgot stop()', ''],
])('ends the server with its process: %s', async (_, rest) => {
  const script = `require(${JSON.stringify(built)}).startEmbeddedPostgres().then(({ url }) => { console.log(url); ${rest} })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const found = serverOf({ url: line.toString().trim() } as EmbeddedPostgres).catch(() => undefined)
  if (rest.startsWith('setInterval')) await found.then(() => child.kill('SIGTERM'))
  await once(child, 'exit')
  const server = await found
  if (server === undefined) return // it was quicker than the look at it
  await eventually(() => !isAlive(server.pid) && !existsSync(server.folder))
})
