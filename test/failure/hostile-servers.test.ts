import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer, type ServerKind } from '../contract/server'
import { genericPoolMariadb, genericPoolPg } from '../contract/subjects/generic-pool'
import { mysql2Knex, pgKnex } from '../contract/subjects/knex'
import { mysql2, mysql2Cluster, mysql2Promise } from '../contract/subjects/mysql2'
import { pg } from '../contract/subjects/pg'
import type { Subject } from '../contract/subjects/subject'
import { hasMySql } from '../support/mysql'
import { poll } from '../support/poll'
import { FAULTS, TYPICAL, type HostileFault } from './hostile/faults'
import {
  borrowed,
  callersDuring,
  endDuring,
  LIMITS,
  MAX,
  openScene,
  queryLimitMs,
  recovered,
  rotateAfter,
  rotateDuring,
  settled,
} from './hostile/scene'

if (!hasMySql) console.warn('Skipped, there is no MySQL: hostile servers in front of it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

/**
 * Each fault on each pool, as `npm run test:hostile` has it. Else one of each sort of fault, on each pool; of those for MySQL, which are the
 * same as for MariaDB, on one.
 */
const isThorough = process.env['LEASEPOOL_HOSTILE'] === 'all'

test('the typical ones are there', () => {
  const names = new Set(FAULTS.map(({ name }) => name))
  expect([...TYPICAL].filter((name) => !names.has(name))).toEqual([])
})

const SUBJECTS = [pg, pgKnex, mysql2, mysql2Promise, mysql2Cluster, mysql2Knex, genericPoolPg, genericPoolMariadb]

describe('PostgreSQL', () => hostileOn('postgres', SUBJECTS))
describe('MariaDB', () => hostileOn('mariadb', SUBJECTS))
describe.skipIf(!hasMySql)('MySQL', () => hostileOn('mysql', isThorough ? SUBJECTS : [mysql2]))

function hostileOn(kind: ServerKind, subjects: readonly Subject[]): void {
  let server: ContractServer
  let socketsBefore = 0
  beforeAll(async () => {
    server = await startServer(kind)
    await Promise.all([server.sql(server.sleep(20)), server.sql(server.sleep(20))])
    socketsBefore = sockets()
    // Hundreds of logins: without it most of the time goes into hashing passwords.
    if (kind === 'postgres') await server.sql('SET scram_iterations = 1')
  })
  afterAll(() => server.stop())

  for (const subject of subjects.filter(({ on }) => on.includes(kind))) {
    describe(`${subject.name} on ${kind}`, { concurrent: true }, () => {
      for (const fault of faultsFor(subject, kind)) {
        test(fault.name, { timeout: 120_000 }, () => survives(fault, subject, server))
      }
    })
  }

  test(`no socket is left of all that, ${kind}`, async () => {
    await poll('none is left', sockets, (count) => count <= socketsBefore)
  })
}

function faultsFor(subject: Subject, kind: ServerKind): HostileFault[] {
  // There the clients are the app's own, and stock pg ends the process.
  const isOwnPg = (name: string): boolean => subject === genericPoolPg && name.startsWith('a malformed message')
  return FAULTS.filter(({ name, on }) => (on?.includes(kind) ?? true) && (isThorough || TYPICAL.has(name)) && !isOwnPg(name))
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

/** No caller waits beyond its limits, and the pool recovers by itself. */
async function survives(fault: HostileFault, subject: Subject, server: ContractServer): Promise<void> {
  const scene = await openScene(subject, server)
  const { proxy, pool, log } = scene
  try {
    await recovered(scene) // it begins well
    scene.failures.clear()
    const held = await borrowed(scene)
    const running = settled(scene, 'running query', pool.query(server.sleep(100)), queryLimitMs(scene))
    await fault.begin(proxy, server.kind)
    await running
    await callersDuring(scene)
    await settled(scene, 'query on a held connection', held.query('SELECT 1 AS one'), LIMITS.queryMs)
    await held.release()
    await rotateDuring(scene, fault.serves)

    await proxy.heal()
    await recovered(scene)
    await rotateAfter(scene)

    await fault.begin(proxy, server.kind)
    await endDuring(scene)
    expect(proxy.peak).toBeLessThanOrEqual(MAX)
    expect(log.of('loginRefused')).toEqual([])
    if (isThorough) console.log(`${subject.name} | ${server.kind} | ${fault.name} | ${[...scene.failures].toSorted().join('; ')}`)
  } finally {
    void pool.end().catch(() => undefined)
    await scene.credentials.close()
    await proxy.close()
  }
}
