import { type DevVault, type EmbeddedPostgres, startDevVault, startEmbeddedPostgres } from '@leasepool/dev-vault'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../support/poll'

/** Seconds under load: short in `npm test`, 30 in `npm run test:load`. */
const SECONDS = Number(process.env['LEASEPOOL_LOAD_SECONDS'] ?? 3)
const PER_SECOND = 200
const TTL_SECONDS = 2

/**
 * What may be left of one credential once its lease has ended, besides 2 MB of noise for the whole run, in which the request log fills
 * up, too. A lease that stays in some map holds more than 1 kB with its closures and its alarm: 6000 of them are found out; the short
 * run finds only what holds 4 kB.
 */
const BYTES_PER_CREDENTIAL = 512
const NOISE_BYTES = 2_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let postgres: EmbeddedPostgres
let admin: Client
let vault: DevVault

beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  const url = await postgres.createDatabase('app')
  admin = new Client(url)
  await admin.connect()
  await admin.query('CREATE ROLE readers')
  // What is measured is dev-vault, and not how long PostgreSQL takes to hash passwords: 4096 rounds are most of its work here.
  await admin.query('ALTER DATABASE app SET scram_iterations = 1')
  const creationStatements = [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE readers`]
  const role = {
    database: 'pg',
    creationStatements,
    revocationStatements: ['DROP ROLE "{{name}}"'],
    defaultTtlSeconds: TTL_SECONDS,
  }
  vault = await startDevVault({ databases: { pg: { url } }, roles: { ro: role } })
})

afterAll(async () => {
  await vault?.close()
  await admin?.end()
  await postgres?.stop()
})

test(
  `issues ${PER_SECOND} credentials a second for ${SECONDS} s, drops them all and keeps nothing of them`,
  { timeout: SECONDS * 1_000 + 120_000 },
  async () => {
    await load(PER_SECOND)
    const before = await settled()
    const rssBefore = process.memoryUsage().rss
    const cpuBefore = process.cpuUsage()
    const { names, seconds, slowestMs, latestMs } = await load(PER_SECOND * SECONDS)
    const cpu = process.cpuUsage(cpuBefore)
    const growth = (await settled()) - before
    const rss = (process.memoryUsage().rss - rssBefore) / 1e6
    // No assertion: the rate, unlike the rest, is the machine's as much as dev-vault's, and tests may share it with others.
    console.log(
      `${names.length} credentials in ${seconds.toFixed(1)} s: ${(names.length / seconds).toFixed(0)}/s, the slowest after ` +
        `${slowestMs.toFixed(0)} ms, asked for at most ${latestMs.toFixed(0)} ms late; ` +
        `dev-vault used ${((cpu.user + cpu.system) / 1e4 / seconds).toFixed(0)} % of a processor; ` +
        `heap ${(growth / 1e6).toFixed(2)} MB, rss ${rss.toFixed(0)} MB more`,
    )
    expect(new Set(names).size).toBe(PER_SECOND * SECONDS)
    expect(growth).toBeLessThan(NOISE_BYTES + BYTES_PER_CREDENTIAL * names.length)
  },
)

interface Load {
  readonly names: readonly string[]
  readonly seconds: number
  readonly slowestMs: number
  readonly latestMs: number
}

/** Asks for `count` credentials from another process, at the rate. Rejects at the first error. */
async function load(count: number): Promise<Load> {
  const args = [join(__dirname, 'generator.mjs'), vault.address, vault.rootToken, String(count), String(PER_SECOND)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 })
  return JSON.parse(stdout) as Load
}

/** Waits until all leases have ended and all users are dropped; gives the bytes that are then in use. */
async function settled(): Promise<number> {
  await poll('all users are dropped', users, (count) => count === 0, 60_000)
  expect(vault.leases()).toEqual([])
  collectGarbage()
  await sleep(50) // what only a finalizer frees
  collectGarbage()
  return process.memoryUsage().heapUsed
}

async function users(): Promise<number> {
  const { rows } = await admin.query<{ count: string }>(`SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'`)
  return Number(rows[0]!.count)
}
