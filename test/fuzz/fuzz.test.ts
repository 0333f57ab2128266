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
    for (const [index, request] of requests.entries()) {
      if (index % RESET_EVERY === 0) {
        await Promise.all(sides.map(reset))
        await clearOfTheSecond()
        await Promise.all(sides.map(makeTokens))
      }
      await clearOfTheSecond()
      const [dev, real] = await answersTo(request)
      differences.add(request, real, dev)
      remember(sides, [dev, real])
      if (/revoke/.test(request.route)) await sleep(REVOKED_MS)
    }
    const unexplained = differences.unexplained()
    const file = process.env['LEASEPOOL_FUZZ_REPORT']
    if (file) writeFileSync(file, `${report(unexplained)}\n\n==== details\n\n${report(differences.details())}\n`)
    const total = unexplained.reduce((sum, { count }) => sum + count, 0)
    const share = `${total} of ${requests.length} answers differ, in ${unexplained.length} ways; seed ${SEED}`
    console.log(share)
    expect(unexplained, `${share}\n${report(unexplained.slice(0, 10))}`).toEqual([])
  })
})

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

/** Vault counts in whole seconds: were one server asked in an earlier second than the other, what is left of a ttl would differ by one. */
async function clearOfTheSecond(): Promise<void> {
  const leftMs = 1000 - (Date.now() % 1000)
  if (leftMs < 120) await sleep(leftMs + 1)
}

function seedOf(text: string): number {
  return text === 'random' ? Date.now() % 2 ** 31 : Number(text)
}
