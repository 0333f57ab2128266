import { vaultCredentials, type LeasedCredentials } from '@leasepool/core'
import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { logEvents } from '../support/app'
import { hasMySql, startMariaDb, startMySql } from '../support/mysql'
import { poll } from '../support/poll'
import { startRecordingProxy, type RecordedRequest } from '../support/recording-proxy'
import { vaultApi, type VaultApi } from '../support/vault-api'
import { startVaultServer, type VaultServer } from '../support/vault-server'

/** The files of `examples/vault` are what they say: just enough for an app that lives through everything, on real servers. */
const file = (name: string): Promise<string> => readFile(join(__dirname, '..', '..', 'examples', 'vault', name), 'utf8')

const MANAGER = { username: 'vault', password: 'Password-of-the-manager' }
const CALLERS = 8

interface Database {
  readonly name: string
  readonly config: object
  /** An app's pool on it, and one piece of work. */
  app(credentials: LeasedCredentials): { work(): Promise<unknown>; end(): Promise<unknown> }
  users(): Promise<unknown[]>
  stop(): Promise<void>
}

if (!hasMySql) console.warn('Skipped, there is no MySQL: least privilege on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

describe('with no more rights than it needs', { concurrent: true }, () => {
  describe('on PostgreSQL', () => on('role-postgres.json', postgres))
  describe('on MariaDB', () => on('role-mysql.json', () => mysql('mariadb')))
  describe.skipIf(!hasMySql)('on MySQL', () => on('role-mysql.json', () => mysql('mysql')))
})

function on(roleFile: string, start: () => Promise<Database>): void {
  let database: Database
  let vault: VaultServer
  let api: VaultApi
  beforeAll(async () => {
    database = await start()
    vault = await startVaultServer()
    api = vaultApi(vault.address, vault.rootToken)
    if (vault.name !== 'dev-vault') await api('POST', 'sys/mounts/database', { type: 'database' }) // which has one
    const role = JSON.parse((await file(roleFile)).replaceAll(' app.*', ` ${database.name}.*`)) as { db_name: string }
    await api('POST', `database/config/${role.db_name}`, { allowed_roles: 'app', ...MANAGER, ...database.config })
    await api('POST', 'database/roles/app', { ...role, default_ttl: '4s', max_ttl: '10s' })
    await api('POST', 'sys/policies/acl/app', { policy: await file('policy.hcl') })
    await api('POST', 'sys/auth/approle', { type: 'approle' })
    const login = JSON.parse(await file('approle.json')) as object
    await api('POST', 'auth/approle/role/app', { ...login, token_ttl: '5s', token_max_ttl: '15s' })
  })
  afterAll(async () => {
    await vault.close()
    await database.stop()
  })

  test('an app renews, rotates, replaces its token and gives everything back with this policy, and uses every line of it', async () => {
    const proxy = await startRecordingProxy(vault.address)
    const credentials = await vaultCredentials({ address: proxy.address, auth: await login(api), role: 'app' })
    const log = logEvents(credentials)
    const app = database.app(credentials)
    const failures: unknown[] = []
    let isOver = false
    const caller = async (): Promise<void> => {
      while (!isOver) await app.work().catch((error: unknown) => failures.push(error))
    }
    const working = Promise.all(Array.from({ length: CALLERS }, caller))
    const lived = (): boolean =>
      log.of('rotated').length >= 3 && log.of('renewed').length > 0 && log.of('tokenRenewed').length > 0 && log.of('loggedIn').length > 0 // prettier-ignore
    await poll('it has lived through everything', lived, (has) => has, 40_000)
    isOver = true
    await working
    await app.end()
    await credentials.close()
    await poll('no user is left', () => database.users(), (users) => users.length === 0) // prettier-ignore
    await proxy.close()

    expect(failures).toEqual([])
    const asked = proxy.requests.filter(({ hasToken }) => hasToken)
    expect(asked.filter(({ status }) => status === 403)).toEqual([])
    expect([...new Set(asked.map(needed))].sort()).toEqual(granted(await file('policy.hcl')).sort())
  })

  test('its token can do nothing else', async () => {
    const { roleId, secretId } = await login(api)
    const answer = await api('POST', 'auth/approle/login', { role_id: roleId, secret_id: secretId })
    const { client_token: token, policies } = answer['auth'] as { client_token: string; policies: string[] }
    expect(policies).toEqual(['app'])
    const others = ['database/creds/other', 'database/roles/app', 'database/config/postgres', 'sys/leases/lookup', 'sys/mounts', 'auth/token/create', 'auth/token/lookup-self', 'secret/data/any', 'cubbyhole/any', 'sys/policies/acl/app', 'auth/approle/role/app/secret-id'] // prettier-ignore
    const { data } = (await vaultApi(vault.address, token)('POST', 'sys/capabilities-self', { paths: others })) as {
      data: object
    }
    expect(data).toMatchObject(Object.fromEntries(others.map((path) => [path, ['deny']])))
  })
}

async function login(api: VaultApi): Promise<{ method: 'approle'; roleId: string; secretId: string }> {
  const { data: role } = (await api('GET', 'auth/approle/role/app/role-id')) as { data: { role_id: string } }
  const { data: secret } = (await api('POST', 'auth/approle/role/app/secret-id', {})) as { data: { secret_id: string } }
  return { method: 'approle', roleId: role.role_id, secretId: secret.secret_id }
}

/** https://developer.hashicorp.com/vault/docs/concepts/policies#capabilities */
function needed({ method, path }: RecordedRequest): string {
  const capability = { GET: 'read', LIST: 'list', DELETE: 'delete' }[method] ?? 'update'
  return `${path} ${capability}`
}

function granted(policy: string): string[] {
  const lines = [...policy.matchAll(/^path "([^"]+)" \{\s+capabilities = \["(\w+)"\]\s+\}$/gm)]
  expect(lines).toHaveLength(policy.match(/^path /gm)!.length)
  return lines.map(([, path, capability]) => `${path} ${capability}`)
}

async function postgres(): Promise<Database> {
  const server = await startEmbeddedPostgres()
  const { host, port } = server
  const admin = new Client(await server.createDatabase('app'))
  await admin.connect()
  await admin.query('CREATE TABLE item (id serial PRIMARY KEY, label text NOT NULL)')
  await admin.query((await file('postgres.sql')).replace('change me', MANAGER.password))
  return {
    name: 'app',
    config: {
      plugin_name: 'postgresql-database-plugin',
      connection_url: `postgresql://{{username}}:{{password}}@${host}:${port}/app?sslmode=disable`,
    },
    app: (credentials) => {
      const pool = new LeasedPool({ host, port, database: 'app', max: 3 }, credentials)
      return { work: () => pool.query(`INSERT INTO item (label) VALUES ('x')`), end: () => pool.end() }
    },
    users: async () => (await admin.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'`)).rows,
    stop: async () => {
      await admin.end()
      await server.stop()
    },
  }
}

async function mysql(kind: 'mariadb' | 'mysql'): Promise<Database> {
  const server = await (kind === 'mariadb' ? startMariaDb() : startMySql())
  const { host, port } = server
  const { name, url } = await server.createDatabase('lp_least_')
  const admin = await createConnection({ uri: url, multipleStatements: true })
  await admin.query('CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(100) NOT NULL)')
  await admin.query(`DROP USER IF EXISTS '${MANAGER.username}'@'%'`) // of a run that was killed
  await admin.query((await file('mysql.sql')).replace('change me', MANAGER.password).replace(' app.*', ` ${name}.*`))
  return {
    name,
    config: {
      plugin_name: 'mysql-database-plugin',
      connection_url: `{{username}}:{{password}}@tcp(${host}:${port})/`,
    },
    app: (credentials) => {
      const pool = leasedPool({ host, port, database: name, connectionLimit: 3 }, credentials).promise()
      return { work: () => pool.query(`INSERT INTO item (label) VALUES ('x')`), end: () => pool.end() }
    },
    users: () => server.users(),
    stop: async () => {
      await admin.query(`DROP USER '${MANAGER.username}'@'%'`)
      await admin.end()
      await server.stop()
    },
  }
}
