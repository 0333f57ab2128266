import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import knex from 'knex'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { dataSourceWork, knexWork, poolWork } from '../support/work'
import { CALLERS, callers, rotate, ROTATE_EVERY_MS, SECONDS, watchPeak } from './soak'

let bed: TestBed
beforeAll(async () => void (bed = await startTestBed({ defaultTtl: '1m', maxTtl: '10m' })))
afterAll(() => bed.stop())

const sessions = async (): Promise<number> => (await bed.database.sessions()).reduce((sum, { count }) => sum + count, 0)

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
  leasedDataSource: async (credentials: Parameters<typeof leasedKnex>[1], max: number) => {
    const { host, port } = bed.database
    const options = leasedDataSource({ type: 'postgres', host, port, database: 'app', poolSize: max }, credentials)
    const dataSource = await new DataSource(options).initialize()
    return { work: dataSourceWork(dataSource, '42703'), end: () => closeDataSource(dataSource) }
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
        const app = await open(credentials, max)
        const stop = new AbortController()
        const peak = watchPeak(sessions, stop.signal)
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
