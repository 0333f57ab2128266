import type { LeasedPoolOptions } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { DatabaseError, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logEvents } from '../../../test/support/app'
import { startDatabase, type TestDatabase } from '../../../test/support/database'
import { hasPgBouncer, sayWithoutPgBouncer, startPgBouncer, type PoolMode } from '../../../test/support/pgbouncer'
import { poll } from '../../../test/support/poll'
import { sqlCredentials } from '../../../test/support/sql-source'

sayWithoutPgBouncer('what docs/pgbouncer.md says')

/** What docs/pgbouncer.md says, beside what the contract says of pools behind it. */
describe.skipIf(!hasPgBouncer)('behind PgBouncer', () => {
  let database: TestDatabase
  beforeAll(async () => void (database = await startDatabase()))
  afterAll(() => database.stop())

  const opened: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  interface Setup {
    readonly mode: PoolMode
    readonly bouncer?: Record<string, string | number>
    readonly pool?: PoolConfig
    readonly leased?: LeasedPoolOptions
    readonly endsSessions?: boolean
  }

  async function open({ mode, bouncer: settings, pool: options, leased, endsSessions = true }: Setup) {
    const bouncer = await startPgBouncer(database, mode, settings)
    const { credentials, source } = await sqlCredentials(database, { endsSessions, closeTimeoutMs: 500 })
    const log = logEvents(credentials)
    const { host, port } = bouncer
    const pool = new LeasedPool({ host, port, database: 'app', max: 3, ...options }, credentials, leased)
    pool.on('error', () => undefined)
    opened.push(async () => {
      await pool.end()
      await credentials.close()
      await bouncer.stop()
    })
    return { pool, credentials, source, log, bouncer }
  }

  const serverSessions = async (): Promise<string[]> =>
    (await database.sessions()).map(({ user }) => user).filter((user) => user !== 'pgbouncer_lookup')

  describe.for<PoolMode>(['session', 'transaction'])('in %s mode', (mode) => {
    test('a bouncer that opens no more than max connections to the server, and one to look users up, is enough', async () => {
      const { pool, credentials } = await open({ mode, bouncer: { max_db_connections: 4 } })
      let isOver = false
      const rotating = (async () => {
        while (!isOver) await credentials.rotate()
      })()
      const caller = async (): Promise<void> => {
        for (let turn = 0; turn < 10; turn++) await pool.query('SELECT pg_sleep(0.003)')
      }
      await Promise.all(Array.from({ length: 20 }, caller))
      isOver = true
      await rotating
      expect(credentials.generation).toBeGreaterThan(1)
    })

    test('the bouncer’s connections of an old user end with it only when its revocation ends them', async () => {
      const ending = await open({ mode })
      await ending.pool.query('SELECT 1')
      await ending.credentials.rotate()
      await poll('it was revoked', () => ending.source.revoked, (revoked) => revoked.length === 1) // prettier-ignore
      await poll(
        'only the new user’s are left',
        serverSessions,
        (users) => users.join() === ending.credentials.current().username,
      )
      await opened.pop()!()

      const dropping = await open({ mode, endsSessions: false })
      await dropping.pool.query('SELECT 1')
      await dropping.credentials.rotate()
      await poll('it was revoked', () => dropping.source.revoked, (revoked) => revoked.length === 1) // prettier-ignore
      expect(await serverSessions()).toContain('(dropped)')
      await dropping.bouncer.console('SET server_idle_timeout = 1')
      await poll('the bouncer ends it by itself', serverSessions, (users) => !users.includes('(dropped)'))
    })

    test.for<[string, Omit<Setup, 'mode'>, string | undefined, RegExp]>([
      ['a startup parameter that it does not take', { pool: { statement_timeout: 1_000 } }, undefined, /^unsupported startup/],
      ['too many clients', { bouncer: { max_client_conn: 1 } }, undefined, /^no more connections allowed/],
      ['too many of this user on the server', {}, 'ALTER ROLE :user CONNECTION LIMIT 0', /^too many connections for role/],
    ])('%s: the app gets that, and the credential is left alone', async ([, setup, sql, message]) => {
      const { pool, credentials, log } = await open({ mode, ...setup })
      if (sql !== undefined) await database.sql(sql.replace(':user', `"${credentials.current().username}"`))
      const refused = pool.query('SELECT 1')
      await expect(refused).rejects.toBeInstanceOf(DatabaseError)
      await expect(refused).rejects.toMatchObject({
        code: expect.stringMatching(/^(08P01|53300)$/), // 1.26 keeps the server's code
        severity: 'FATAL',
        message: expect.stringMatching(message),
      })
      expect(credentials.generation).toBe(1)
      expect(log.all).toEqual([])
    })
  })

  test('in transaction mode, a user that is dropped under connections that were not checked costs one query each', async () => {
    const { pool, credentials, log } = await open({
      mode: 'transaction',
      bouncer: { query_wait_timeout: 1 },
      pool: { max: 1 },
      leased: { pingBypassMs: 60_000 },
    })
    await pool.query('SELECT 1')
    const old = credentials.current().username
    await database.sql(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${old}'`)
    await database.sql(`DROP ROLE "${old}"`)
    // Older ones wait for a login to the server until their limit, newer ones pass its refusal on.
    const lost = expect.stringMatching(/^(query_wait_timeout|password authentication failed for user .*)$/)
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ severity: 'FATAL', message: lost })
    for (let turn = 0; turn < 3; turn++) {
      const { rows } = await pool.query<{ who: string }>('SELECT session_user AS who')
      expect(rows).toEqual([{ who: credentials.current().username }])
    }
    expect(credentials.generation).toBe(2)
    expect(log.of('loginRefused')).toMatchObject([{ generation: 1 }])
  })
})
