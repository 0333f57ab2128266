import { describe, expect, test } from 'vitest'
import type { ServerKind } from '../contract/server'
import { hasMySql } from '../support/mysql'
import { bytesPerRotation, type Report, type Sample } from './rotations/report'
import { runRotations } from './rotations/run'
import { IMPATIENT_MAX, MAX } from './rotations/work'

/** Rotations on each server: few in `npm test`, 10 000 in `npm run test:rotations`. */
const ROTATIONS = Number(process.env['LEASEPOOL_ROTATIONS'] ?? 60)
const SEED = Number(process.env['LEASEPOOL_ROTATIONS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const SAMPLES = ROTATIONS >= 1_000 ? 20 : 3
/** Up to there code is compiled and caches fill: the heap grows by up to 1 kB with each rotation, and by less than 100 bytes afterwards. */
const WARM_UP = 1_000
/** By less than this the heap may grow with each rotation: what a rotation leaves behind for good is rarely smaller than 1 kB. */
const BYTES_PER_ROTATION = 512
/** A heap that was looked at for fewer rotations than this says nothing. */
const ENOUGH_FOR_HEAP = 3_000
const timeout = 60_000 + ROTATIONS * 1_000

if (!hasMySql)
  console.warn('Skipped, there is no MySQL: rotations of mysql2 pools on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

describe('pg on PostgreSQL', () => rotationsOn('postgres'))
describe('mysql2 on MariaDB', () => rotationsOn('mariadb'))
describe.skipIf(!hasMySql)('mysql2 on MySQL', () => rotationsOn('mysql'))

/** Of who makes the users, at most. */
const ADMIN_SOCKETS = 2

function rotationsOn(kind: ServerKind): void {
  test(`${ROTATIONS} rotations at full speed fail nobody and leave nothing behind`, { timeout }, async () => {
    console.log(`${kind}: seed ${SEED}`)
    const report = await runRotations({ ...options, kind })
    console.log(summary(kind, report))
    const { samples, done } = report

    expect(report.failures).toEqual([])
    expect(report.unwanted).toEqual([])
    expect(report.rotations).toBe(ROTATIONS)
    expect(report.rows).toEqual({ committed: done['commit'] ?? 0, givenUp: 0 })
    expect(report.gaveUp).toBeGreaterThan(0)
    expect(report.peakSockets).toEqual([MAX, IMPATIENT_MAX])
    expect([report.socketsLeft, report.poolsLeft, report.usersLeft]).toEqual([0, 0, 0])
    // Not even the last one: there was a rotation since, and nothing is open.
    expect(samples.map(({ held }) => held)).toEqual(samples.map(() => 0))
    expect(new Set(samples.map(({ listeners }) => listeners)).size).toBe(1)
    expect(Math.max(...samples.map(({ resources }) => resources['TCPSocketWrap'] ?? 0))).toBeLessThanOrEqual(ADMIN_SOCKETS)
    if (ROTATIONS >= ENOUGH_FOR_HEAP) expect(growth(samples)).toBeLessThan(BYTES_PER_ROTATION)
  })
}

const options = { rotations: ROTATIONS, every: Math.ceil(ROTATIONS / SAMPLES), seed: SEED, leakBytes: 0 }

// Otherwise the heap could not be seen to grow.
test.runIf(ROTATIONS >= ENOUGH_FOR_HEAP)('a rotation that leaves 1 kB behind is found out', { timeout }, async () => {
  const rotations = ENOUGH_FOR_HEAP
  const report = await runRotations({ ...options, kind: 'postgres', rotations, every: rotations / 20, leakBytes: 1_024 })
  console.log(summary('postgres, leaking 1 kB with each rotation', report))
  expect(growth(report.samples)).toBeGreaterThan(BYTES_PER_ROTATION)
})

function growth(samples: readonly Sample[]): number {
  return bytesPerRotation(samples.filter(({ rotations }) => rotations >= Math.min(WARM_UP, ROTATIONS / 2)))
}

function summary(what: string, { samples, done, ...report }: Report): string {
  const operations = Object.values(done).reduce((sum, count) => sum + count, report.served)
  const megabytes = (sample: Sample): string => (sample.heapBytes / 2 ** 20).toFixed(1)
  return (
    `${what}: ${report.rotations} rotations in ${Math.round(report.seconds)} s, ${operations} operations of ${Object.keys(done).length} kinds, ` +
    `${report.gaveUp} waiters gave up, ${report.failures.length} failed, peak sockets ${report.peakSockets.join(' and ')}, ` +
    `probes skipped ${report.probesSkipped}, timed out ${report.probesTimedOut}, heap ${samples.map(megabytes).join(' ')} MB` +
    (report.rotations < ENOUGH_FOR_HEAP ? '' : `, ${Math.round(growth(samples))} bytes more for each rotation`)
  )
}
