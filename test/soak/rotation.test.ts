import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { knexWork, poolWork, type Work } from '../support/work'
import { setTimeout as sleep } from 'node:timers/promises'

/** Seconds for each case: short in `npm test`, 30 in `npm run test:soak`. */
const SECONDS = Number(process.env['LEASEPOOL_SOAK_SECONDS'] ?? 4)
const CALLERS = 32
const ROTATE_EVERY_MS = 50

let bed: TestBed
beforeAll(async () => void (bed = await startTestBed({ defaultTtl: '1m', maxTtl: '10m' })))
afterAll(() => bed.stop())

const adapters = {
  LeasedPool: (credentials: Parameters<typeof leasedKnex>[1], max: number) => {
    const { host, port } = bed.database
    const pool = new LeasedPool({ host, port, database: 'app', max }, credentials)
    return { work: poolWork(pool), end: () => pool.end() }
  },
  leasedKnex: (credentials: Parameters<typeof leasedKnex>[1], max: number) => {
    const { host, port } = bed.database
    const db = knex(leasedKnex({ client: 'pg', connection: { host, port, database: 'app' }, pool: { min: 0, max } }, credentials))
    return { work: knexWork(db), end: () => db.destroy() }
  },
}

for (const [name, open] of Object.entries(adapters)) {
  for (const max of [1, 3, 10]) {
    test(
      `${name} with max ${max}: a rotation every ${ROTATE_EVERY_MS} ms fails no query, keeps max, strands nobody`,
      { timeout: SECONDS * 1_000 + 60_000 },
      async () => {
        await bed.database.limitConnections(max)
        const credentials = await bed.credentials()
        const log = logEvents(credentials)
        const app = open(credentials, max)
        const stop = new AbortController()
        const peak = watchPeak(stop.signal)
        const rotations = rotate(() => credentials.rotate(), stop.signal)
        const seen = await callers(app.work)
        stop.abort()
        await rotations
        await app.end()
        const left = await bed.database.sessions()
        await credentials.close()

        expect(seen.failures).toEqual([])
        expect(log.of('rotationFailed')).toEqual([])
        expect(log.of('probeFailed')).toEqual([])
        expect(log.of('revokeFailed')).toEqual([])
        expect(log.of('connectionForced')).toEqual([])
        expect(await peak).toBeLessThanOrEqual(max)
        expect(log.of('rotated').length).toBeGreaterThan(SECONDS * 2)
        expect(seen.done).toBeGreaterThan(SECONDS * 10)
        // Who waits has at most all other callers before it. With more than one connection, the others are lent while its own logs in,
        // as often as the work is short and the login long: that is bounded by time only, so here a few rounds are allowed.
        expect(seen.mostTurns).toBeLessThan(max === 1 ? CALLERS : 4 * CALLERS)
        expect(left).toEqual([])
        expect(await bed.database.users()).toEqual([])
        console.log(
          `${name} max ${max}: ${seen.done} done, ${log.of('rotated').length} rotations, longest wait ${Math.round(seen.longestWaitMs)} ms, ` +
            `most turns ${seen.mostTurns}, peak ${await peak}, skipped probes ${log.of('probeSkipped').length}`,
        )
      },
    )
  }
}

async function callers(
  work: readonly Work[],
): Promise<{ done: number; failures: string[]; longestWaitMs: number; mostTurns: number }> {
  const endMs = performance.now() + SECONDS * 1_000
  const seen = { done: 0, failures: [] as string[], longestWaitMs: 0, mostTurns: 0 }
  const caller = async (_: unknown, number: number): Promise<void> => {
    for (let turn = number; performance.now() < endMs && seen.failures.length < 10; turn++) {
      try {
        const { waitedMs, turns } = await work[turn % work.length]!()
        seen.done += 1
        seen.longestWaitMs = Math.max(seen.longestWaitMs, waitedMs)
        seen.mostTurns = Math.max(seen.mostTurns, turns)
      } catch (error) {
        seen.failures.push(error instanceof Error ? `${(error as { code?: string }).code}: ${error.message}` : String(error))
      }
    }
  }
  // A stranded waiter never settles: its caller is seen here, not as a test that hangs.
  const all = Promise.all(Array.from({ length: CALLERS }, caller)).then(() => 'all came back')
  let state = 'some never came back'
  void all.then((value) => (state = value))
  await poll(
    'every caller comes back',
    () => state,
    (now) => now === 'all came back',
    SECONDS * 1_000 + 20_000,
  )
  return seen
}

async function rotate(once: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await Promise.all([once(), sleep(ROTATE_EVERY_MS)])
}

async function watchPeak(signal: AbortSignal): Promise<number> {
  let peak = 0
  while (!signal.aborted) {
    const sessions = await bed.database.sessions()
    peak = Math.max(
      peak,
      sessions.reduce((sum, { count }) => sum + count, 0),
    )
    await sleep(10)
  }
  return peak
}
