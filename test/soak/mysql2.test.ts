import { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import knex from 'knex'
import { createPool } from 'mysql2/promise'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../contract/server'
import { UserSource } from '../support/user-source'
import { logEvents } from '../support/app'
import { hasMySql } from '../support/mysql'
import { startProxy } from '../support/proxy'
import { dataSourceWork, knexWork, mysqlWork, type Work } from '../support/work'
import { CALLERS, callers, rotate, ROTATE_EVERY_MS, SECONDS } from './soak'

if (!hasMySql) console.warn('Skipped, there is no MySQL: the soak of mysql2 pools on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

describe('MariaDB', () => soakOn('mariadb'))
describe.skipIf(!hasMySql)('MySQL', () => soakOn('mysql'))

interface Where {
  readonly host: string
  readonly port: number
  readonly database: string
}

interface App {
  readonly work: Work[]
  end(): Promise<void>
}

const ADAPTERS: Record<string, (where: Where, max: number, credentials: LeasedCredentials) => App | Promise<App>> = {
  'mysql2 pool': (where, max, credentials) => {
    const pool = leasedPool(createPool({ ...where, connectionLimit: max }), credentials)
    return { work: mysqlWork(pool), end: () => pool.end() }
  },
  leasedKnex: (where, max, credentials) => {
    const db = knex(leasedKnex({ client: 'mysql2', connection: where, pool: { min: 0, max } }, credentials))
    return { work: knexWork(db, 'ER_BAD_FIELD_ERROR'), end: () => db.destroy() }
  },
  leasedDataSource: async (where, max, credentials) => {
    const options = leasedDataSource({ type: 'mysql', ...where, poolSize: max }, credentials)
    const dataSource = await new DataSource(options).initialize()
    return { work: dataSourceWork(dataSource, 'ER_BAD_FIELD_ERROR'), end: () => closeDataSource(dataSource) }
  },
}

function soakOn(kind: 'mariadb' | 'mysql'): void {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  test.for(Object.keys(ADAPTERS).flatMap((name) => [1, 3, 10].map((max) => [name, max] as const)))(
    `%s with max %i: a rotation every ${ROTATE_EVERY_MS} ms fails no query, keeps max, strands nobody`,
    { timeout: SECONDS * 1_000 + 60_000 },
    async ([name, max]) => {
      const source = new UserSource(server)
      const credentials = await LeasedCredentials.start(source)
      const log = logEvents(credentials)
      const { host, database } = server
      // Not the server's own list: MySQL shows a session for a moment after it has closed its socket.
      const proxy = await startProxy(server.port)
      const app = await ADAPTERS[name]!({ host, port: proxy.port, database }, max, credentials)
      const stop = new AbortController()
      const rotations = rotate(() => credentials.rotate(), stop.signal)
      const seen = await callers(app.work)
      stop.abort()
      await rotations
      await app.end()
      const left = proxy.open
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
      expect(left).toBe(0)
      expect((await server.users()).filter((user) => user.startsWith(source.prefix))).toEqual([])
      console.log(
        `${name} on ${kind}, max ${max}: ${seen.done} done, ${log.of('rotated').length} rotations, longest wait ` +
          `${Math.round(seen.longestWaitMs)} ms, most turns ${seen.mostTurns}, peak ${proxy.peak}, skipped probes ${log.of('probeSkipped').length}`,
      )
    },
  )
}
