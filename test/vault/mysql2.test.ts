import { vaultCredentials, type LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { createPool, type Pool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logEvents } from '../support/app'
import { hasMySql } from '../support/mysql'
import { startMysqlDatabase, type TestMysqlDatabase } from '../support/mysql-database'
import { poll } from '../support/poll'
import { vaultApi, type VaultApi } from '../support/vault-api'
import { startVaultServer, type VaultServer } from '../support/vault-server'

if (!hasMySql) console.warn('Skipped, there is no MySQL: users that Vault makes in it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

/** Users that Vault makes in MySQL and MariaDB with its usual statements, under a pool of mysql2. */
describe('MariaDB', () => flowOn('mariadb'))
describe.skipIf(!hasMySql)('MySQL', () => flowOn('mysql'))

function flowOn(kind: 'mariadb' | 'mysql'): void {
  let database: TestMysqlDatabase
  let vault: VaultServer
  let api: VaultApi
  beforeAll(async () => {
    database = await startMysqlDatabase(kind)
    vault = await startVaultServer()
    api = vaultApi(vault.address, vault.rootToken)
    await api('POST', 'sys/mounts/my-db', { type: 'database' })
    await api('POST', 'my-db/config/my', {
      plugin_name: 'mysql-database-plugin',
      connection_url: `{{username}}:{{password}}@tcp(${database.host}:${database.port})/`,
      username: database.username,
      password: database.password,
      allowed_roles: '*',
    })
    await api('POST', 'my-db/roles/app', {
      db_name: 'my',
      creation_statements: [
        `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'`,
        `GRANT ALL ON ${database.database}.* TO '{{name}}'@'%'`,
      ],
      default_ttl: '2s',
      max_ttl: '6s',
    })
  })
  afterAll(async () => {
    await vault.close()
    await database.stop()
  })

  let credentials: LeasedCredentials
  let pool: Pool
  const open = async (): Promise<void> => {
    credentials = await vaultCredentials({
      address: vault.address,
      auth: { method: 'token', token: vault.rootToken },
      role: 'app',
      mount: 'my-db',
    })
    const { host, port } = database
    pool = leasedPool(createPool({ host, port, database: database.database, connectionLimit: 3 }), credentials)
  }
  afterEach(async () => {
    await pool.end()
    await credentials.close()
    await poll('no leased user is left', () => database.users(), (users) => users.length === 0) // prettier-ignore
  })

  test('lives through several rotations of leases of two seconds, and no query fails', async () => {
    await open()
    const log = logEvents(credentials)
    const failures: unknown[] = []
    let isOver = false
    const caller = async (): Promise<void> => {
      while (!isOver) await pool.query('SELECT COUNT(*), SLEEP(0.01) FROM item').catch((error: unknown) => failures.push(error))
    }
    const callers = [1, 2, 3, 4, 5].map(caller)
    await poll('three rotations', () => log.of('rotated').length, (count) => count >= 3, 40_000) // prettier-ignore
    isOver = true
    await Promise.all(callers)
    expect(failures).toEqual([])
    expect(log.of('connectionForced')).toEqual([])
    expect(log.of('renewed').length).toBeGreaterThan(0)
  })

  test('revoke-prefix: whoever logs in next finds out, and everybody goes on with a new user', async () => {
    await open()
    expect((await pool.query('SELECT id FROM item WHERE id = 1'))[0]).toEqual([{ id: 1 }])
    const old = credentials.current().username
    await api('POST', 'sys/leases/revoke-prefix/my-db/creds/app', { sync: true })
    // MySQL lets the sessions of a dropped user go on; a login of its own is what is refused.
    const all = await Promise.all([1, 2, 3].map(() => pool.query('SELECT SLEEP(0.05), id FROM item WHERE id = 1')))
    expect(all).toHaveLength(3)
    expect(credentials.current().username).not.toBe(old)
  })
}
