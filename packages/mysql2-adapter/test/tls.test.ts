import { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { createPool, type PoolOptions } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { hasMySql } from '../../../test/support/mysql'
import { poll } from '../../../test/support/poll'

if (!hasMySql) console.warn('Skipped, there is no MySQL: logins with TLS. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

/** MySQL makes certificates of its own, and its users log in with `caching_sha2_password`; MariaDB does neither. */
describe.skipIf(!hasMySql)('MySQL', () => {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer('mysql')))
  afterAll(() => server.stop())

  test.for<[string, PoolOptions, RegExp]>([
    ['without TLS, by the server’s public key', {}, /^$/],
    ['with TLS', { ssl: { rejectUnauthorized: false } }, /^TLS_/],
  ])('logs in and rotates %s', async ([, options, cipher]) => {
    const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 200 })
    const { host, port, database } = server
    const pool = leasedPool(createPool({ host, port, database, connectionLimit: 1, ...options }), credentials)
    for (let turn = 0; turn < 3; turn++) {
      expect((await pool.query(server.who))[0]).toEqual([{ who: credentials.current().username }])
      const [status] = await pool.query(`SHOW SESSION STATUS LIKE 'Ssl_cipher'`)
      expect((status as { Value: string }[])[0]!.Value).toMatch(cipher)
      await credentials.rotate()
    }
    // The deadline's second login goes the same way.
    const borrowed = await pool.getConnection()
    const running = expect(borrowed.query('SELECT SLEEP(30)')).rejects.toThrow()
    await credentials.close()
    await running
    borrowed.release()
    // MySQL lists a session for a moment after its socket has closed.
    await poll('no session is left', () => server.sessions(credentials.status().username), (count) => count === 0) // prettier-ignore
    await pool.end()
  })

  test('a server whose certificate is not trusted is refused, and the pool can be ended', async () => {
    const credentials = await LeasedCredentials.start(new UserSource(server), { probeTimeoutMs: 300 })
    const { host, port, database } = server
    const pool = leasedPool(createPool({ host, port, database, ssl: {} }), credentials)
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'HANDSHAKE_SSL_ERROR' })
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE' })
    await pool.end()
    await credentials.close()
  })
})
