import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startDatabase, type TestDatabase } from '../support/database'
import { describeWithVault } from '../support/describe-with-vault'
import { startMariaDb, type TestMysql } from '../support/mysql'
import { startRealVault } from '../support/real-vault'
import { vaultApi } from '../support/vault-api'
import { VAULT_BINARY } from '../support/vault-cli'
import type { VaultServer } from '../support/vault-server'

const example = join(__dirname, '..', '..', 'examples', 'compose')

/** The script that sets Vault up in examples/compose, against real Vault, PostgreSQL and MariaDB outside of containers. */
describeWithVault('init.sh of examples/compose', () => {
  let vault: VaultServer
  let postgres: TestDatabase
  let mysql: TestMysql
  let programs: string
  let outputs: string[]

  beforeAll(async () => {
    ;[vault, postgres, mysql] = await Promise.all([startRealVault(), startDatabase(), startMariaDb()])
    programs = await mkdtemp(join(tmpdir(), 'leasepool-compose-'))
    await symlink(VAULT_BINARY!, join(programs, 'vault'))
    // The name that the example has; no other test uses it on a shared server.
    await mysql.sql('DROP DATABASE IF EXISTS app')
    await mysql.sql('CREATE DATABASE app')
    await mysql.sql('CREATE TABLE app.item (id int)')
    await mysql.sql(`CREATE USER 'admin'@'%' IDENTIFIED BY 'of-admin'`)
    await mysql.sql(`GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION`)
    outputs = [await init(), await init()]
  })
  afterAll(async () => {
    await vault.close()
    await mysql.sql('DROP DATABASE IF EXISTS app')
    await mysql.sql('DROP USER IF EXISTS admin')
    await Promise.all([postgres.stop(), mysql.stop(), rm(programs, { recursive: true, force: true })])
  })

  async function init(): Promise<string> {
    const { password } = new URL(postgres.url)
    const env = {
      PATH: [programs, process.env['PATH']].join(delimiter),
      HOME: programs,
      VAULT_ADDR: vault.address,
      VAULT_TOKEN: vault.rootToken,
      POSTGRES_ADDRESS: `${postgres.host}:${postgres.port}`,
      POSTGRES_ADMIN: 'postgres',
      POSTGRES_PASSWORD: password,
      MYSQL_ADDRESS: `${mysql.host}:${mysql.port}`,
      MYSQL_ADMIN: 'admin',
      MYSQL_PASSWORD: 'of-admin',
    }
    return (await promisify(execFile)('sh', [join(example, 'init.sh')], { env })).stdout
  }

  /** What a shell has after `eval "$(…)"`. */
  const variables = async (output: string): Promise<NodeJS.ProcessEnv> => {
    const { stdout } = await promisify(execFile)('sh', ['-c', `${output}\nenv`], { env: {} })
    return Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]))
  }

  test('prints what a shell needs, and can be run twice', async () => {
    const [first, second] = await Promise.all(outputs.map(variables))
    expect(first).toMatchObject({
      VAULT_ADDR: 'http://127.0.0.1:8200',
      VAULT_TOKEN: vault.rootToken,
      PGHOST: '127.0.0.1',
      PGPORT: '5432',
      PGDATABASE: 'app',
      MYSQL_HOST: '127.0.0.1',
      MYSQL_TCP_PORT: '3306',
      MYSQL_DATABASE: 'app',
    })
    expect(second!['VAULT_ROLE_ID']).toBe(first!['VAULT_ROLE_ID'])
    expect(second!['VAULT_SECRET_ID']).not.toBe(first!['VAULT_SECRET_ID'])
  })

  test.for([0, 1])('the login of run %i takes users in both databases, and gives them back', async (run) => {
    const { VAULT_ROLE_ID: role_id, VAULT_SECRET_ID: secret_id } = await variables(outputs[run]!)
    const anybody = vaultApi(vault.address, '')
    const { auth } = (await anybody('POST', 'auth/approle/login', { role_id, secret_id })) as {
      auth: { client_token: string; lease_duration: number }
    }
    expect(auth.lease_duration).toBe(3_600)
    const app = vaultApi(vault.address, auth.client_token)
    const inPostgres = (await app('GET', 'database/creds/app')) as unknown as Lease
    const inMysql = (await app('GET', 'database/creds/app-mysql')) as unknown as Lease
    expect([inPostgres.lease_duration, inMysql.lease_duration]).toEqual([60, 60])

    const client = new Client({ host: postgres.host, port: postgres.port, database: 'app', ...login(inPostgres) })
    await client.connect()
    await client.query(`INSERT INTO item (label) VALUES ('of init.sh')`)
    await client.end()
    const connection = await createConnection({ host: mysql.host, port: mysql.port, database: 'app', ...login(inMysql) })
    await connection.query('INSERT INTO item VALUES (1)')
    await connection.end()

    for (const { lease_id } of [inPostgres, inMysql]) await app('POST', 'sys/leases/revoke', { lease_id })
    expect([...(await postgres.users()), ...(await mysql.users())]).toEqual([])
    await expect(app('GET', 'database/config/postgres')).rejects.toThrow('permission denied')
  })
})

interface Lease {
  readonly lease_id: string
  readonly lease_duration: number
  readonly data: { readonly username: string; readonly password: string }
}

function login({ data }: Lease): { user: string; password: string } {
  return { user: data.username, password: data.password }
}

interface Service {
  readonly image: string
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string; readonly retries: number }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly volumes?: readonly string[]
}

describe('compose.yaml', () => {
  let services: Readonly<Record<string, Service>>
  beforeAll(async () => {
    services = (parse(await readFile(join(example, 'compose.yaml'), 'utf8')) as { services: typeof services }).services
  })

  test('has the real images, open to this machine only', () => {
    expect(Object.fromEntries(Object.entries(services).map(([name, { image }]) => [name, image]))).toEqual({
      vault: 'hashicorp/vault:1.21',
      postgres: 'postgres:18',
      mysql: 'mysql:8.4',
      init: 'hashicorp/vault:1.21',
    })
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    expect(ports).toEqual(['127.0.0.1:8200:8200', '127.0.0.1:5432:5432', '127.0.0.1:3306:3306'])
  })

  test('sets up only when every server is healthy', () => {
    const { init, ...servers } = services
    expect(init!.depends_on).toEqual(
      Object.fromEntries(Object.keys(servers).map((name) => [name, { condition: 'service_healthy' }])),
    )
    for (const { healthcheck } of Object.values(servers)) {
      expect(healthcheck!.test[0]).toMatch(/^CMD(-SHELL)?$/)
      expect(healthcheck!.retries).toBeGreaterThanOrEqual(30)
    }
  })

  test('gives init.sh every variable that it demands, with the passwords of the servers', async () => {
    const script = await readFile(join(example, 'init.sh'), 'utf8')
    const demanded = [...script.matchAll(/\$\{(\w+):\?\}/g)].map(([, name]) => name!)
    const { environment, volumes } = services['init']!
    expect(Object.keys(environment!).sort()).toEqual(demanded.sort())
    expect(volumes).toEqual(['./init.sh:/init.sh:ro'])
    expect(environment).toMatchObject({
      VAULT_TOKEN: services['vault']!.environment!['VAULT_DEV_ROOT_TOKEN_ID'],
      POSTGRES_PASSWORD: services['postgres']!.environment!['POSTGRES_PASSWORD'],
      MYSQL_PASSWORD: services['mysql']!.environment!['MYSQL_ROOT_PASSWORD'],
    })
  })
})
