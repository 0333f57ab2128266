import { LeasedCredentials } from '@leasepool/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../contract/server'
import { genericPoolMariadb, genericPoolPg } from '../contract/subjects/generic-pool'
import type { Subject } from '../contract/subjects/subject'
import { logEvents } from '../support/app'
import { hasMySql } from '../support/mysql'
import { poll } from '../support/poll'
import { startProxy } from '../support/proxy'
import { UserSource } from '../support/user-source'
import { borrowingWork } from '../support/work'
import { CALLERS, callers, rotate, ROTATE_EVERY_MS, SECONDS } from './soak'

if (!hasMySql) console.warn('Skipped, there is no MySQL: the soak of generic-pool on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

describe('PostgreSQL', () => soakOn('postgres', genericPoolPg, '42703'))
describe('MariaDB', () => soakOn('mariadb', genericPoolMariadb, 'ER_BAD_FIELD_ERROR'))
describe.skipIf(!hasMySql)('MySQL', () => soakOn('mysql', genericPoolMariadb, 'ER_BAD_FIELD_ERROR'))

function soakOn(kind: 'postgres' | 'mariadb' | 'mysql', subject: Subject, unknownColumn: string): void {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  test.for([1, 3, 10])(
    `${subject.name} with max %i: a rotation every ${ROTATE_EVERY_MS} ms fails no query, keeps max, strands nobody`,
    { timeout: SECONDS * 1_000 + 60_000 },
    async (max) => {
      const source = new UserSource(server)
      const credentials = await LeasedCredentials.start(source)
      const log = logEvents(credentials)
      const { host, database } = server
      const proxy = await startProxy(server.port)
      const pool = subject.open({ host, port: proxy.port, database, max }, credentials)
      const stop = new AbortController()
      const rotations = rotate(() => credentials.rotate(), stop.signal)
      const seen = await callers(borrowingWork(() => pool.borrow(), unknownColumn))
      stop.abort()
      await rotations
      await pool.end()
      // mariadb drops its sockets itself, which the proxy hears of a turn later.
      await poll('no socket is left', () => proxy.open, (open) => open === 0, 4_000) // prettier-ignore
      await credentials.close()
      await proxy.close()

      expect(seen.failures).toEqual([])
      expect(log.of('rotationFailed')).toEqual([])
      expect(log.of('probeFailed')).toEqual([])
      expect(log.of('revokeFailed')).toEqual([])
      expect(log.of('connectionForced')).toEqual([])
      expect(proxy.peak).toBe(max)
      expect(log.of('rotated').length).toBeGreaterThan(SECONDS * 2)
      expect(seen.done).toBeGreaterThan(SECONDS * 10)
      expect(seen.mostTurns).toBeLessThan(max === 1 ? CALLERS : 4 * CALLERS)
      expect((await server.users()).filter((user) => user.startsWith(source.prefix))).toEqual([])
      console.log(
        `${subject.name} on ${kind}, max ${max}: ${seen.done} done, ${log.of('rotated').length} rotations, longest wait ` +
          `${Math.round(seen.longestWaitMs)} ms, most turns ${seen.mostTurns}, peak ${proxy.peak}, skipped probes ${log.of('probeSkipped').length}`,
      )
    },
  )
}
