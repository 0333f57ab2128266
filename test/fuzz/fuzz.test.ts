import { startEmbeddedPostgres, type EmbeddedPostgres } from '@leasepool/dev-vault'
import fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../conformance/client'
import { serverKinds, startVaultServers, type VaultServer } from '../support/vault-server'
import { Differences, report } from './differences'
import { REQUEST, type FuzzRequest } from './requests'
import { makeTokens, reset } from './reset'
import { isSafe } from './safe'
import { shapeOf } from './shape'
import { remember, Side } from './side'

const RUNS = Number(process.env['LEASEPOOL_FUZZ_RUNS'] ?? 300)
/** The same requests each time, unless another seed is given; `random` explores. */
const SEED = seedOf(process.env['LEASEPOOL_FUZZ_SEED'] ?? '1')
/** So many requests later both servers are put back, so that one difference does not make many. */
const RESET_EVERY = 100
/** What was revoked goes in the background, on each server in its own time: how long that takes mostly, and at most, in ms. */
const REVOKED_MS = 30
const SETTLE_MS = 300
/** How far the clocks of the two servers may be apart, and what a request takes at most, mostly, in ms. */
const CLOCKS_MS = 40
const REQUEST_MS = 120

let postgres: EmbeddedPostgres
let servers: VaultServer[]
let sides: Side[]

/** Random requests, the same to dev-vault and to a real server beside it; their answers must be alike in shape. */
if (serverKinds().length < 2) console.warn('Skipped, it needs a real Vault beside dev-vault: fuzz. `npm run test:fuzz` runs it')
describe.skipIf(serverKinds().length < 2)('fuzz', () => {
  beforeAll(async () => {
    postgres = await startEmbeddedPostgres()
    servers = await startVaultServers()
    sides = await Promise.all(servers.map(async (server) => {
      const url = await postgres.createDatabase(`of_${server.name.replace('-', '_')}`)
      return new Side(server.name, server.address, server.rootToken, url)
    })) // prettier-ignore
    const admin = new Client(postgres.url)
    await admin.connect()
    await admin.query('CREATE ROLE readers')
    for (const { name } of servers) {
      for (const user of ['static1', 'static2'])
        await admin.query(`CREATE ROLE ${user}_${name.replace('-', '_')} LOGIN PASSWORD 'first'`)
    }
    await admin.end()
  })

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close().catch(() => undefined)))
    await postgres.stop()
  })

  test(`answers ${RUNS} random requests alike (LEASEPOOL_FUZZ_SEED=${SEED})`, { timeout: 3_600_000 }, async () => {
    const differences = new Differences()
    const requests = fc.sample(REQUEST, { numRuns: RUNS, seed: SEED }).filter(isSafe)
    let apart = 0
    let isDue = true
    for (const [index, request] of requests.entries()) {
      if (isDue || index % RESET_EVERY === 0) await startAnew()
      await clearOfTheSecond()
      const second = secondOf(Date.now())
      const [dev, real] = await answersTo(request)
      isDue = !changesNothing(request) && secondOf(Date.now()) !== second
      if (isDue) apart += 1
      else differences.add(request, real, dev)
      remember(sides, [dev, real])
      if (/revoke/.test(request.route)) await sleep(REVOKED_MS)
    }
    const unexplained = differences.unexplained()
    const file = process.env['LEASEPOOL_FUZZ_REPORT']
    if (file) writeFileSync(file, `${report(unexplained)}\n\n==== details\n\n${report(differences.details())}\n`)
    const total = unexplained.reduce((sum, { count }) => sum + count, 0)
    const share = `${total} of ${requests.length} answers differ, in ${unexplained.length} ways; seed ${SEED}`
    console.log(`${share}; ${apart} answers were a second apart, and not compared`)
    expect(apart).toBeLessThan(requests.length / 20)
    expect(unexplained, `${share}\n${report(unexplained.slice(0, 10))}`).toEqual([])
  })
})

async function startAnew(): Promise<void> {
  await Promise.all(sides.map(reset))
  for (let second = -1; second !== secondOf(Date.now());) {
    await clearOfTheSecond()
    second = secondOf(Date.now())
    await Promise.all(sides.map(makeTokens))
  }
}

/** What dev-vault and the real server answer, in this order. */
async function answersTo(request: FuzzRequest): Promise<[Answer, Answer]> {
  const ask = (): Promise<[Answer, Answer]> => Promise.all([sides[0]!.ask(request), sides[1]!.ask(request)])
  const [dev, real] = await ask()
  if (shapeOf(dev) === shapeOf(real) || !changesNothing(request)) return [dev, real]
  await sleep(SETTLE_MS)
  return ask()
}

function changesNothing({ method, route }: FuzzRequest): boolean {
  return method === 'GET' || method === 'LIST' || /(^|\/)lookup/.test(route)
}

/**
 * Vault counts in whole seconds: were one server asked in an earlier second than the other, what is left of a ttl would differ by one. Nor do
 * their clocks turn in the same millisecond: that of dev-vault is monotonic, and a clock that is being set right drifts from it.
 */
async function clearOfTheSecond(): Promise<void> {
  const intoMs = Date.now() % 1000
  if (intoMs < CLOCKS_MS) await sleep(CLOCKS_MS - intoMs)
  if (intoMs > 1000 - REQUEST_MS) await sleep(1000 + CLOCKS_MS - intoMs)
}

/**
 * On a busy machine one server may be asked in the next second all the same: what it makes then lives for a second longer than what the other
 * made, and later requests would tell.
 */
function secondOf(ms: number): number {
  return Math.floor(ms / 1000)
}

function seedOf(text: string): number {
  return text === 'random' ? Date.now() % 2 ** 31 : Number(text)
}
