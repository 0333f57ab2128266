import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { chown, copyFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseError } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../../core/test/support/certificates'
import { ownedFolder } from '../../dev-vault/src/embedded/orphans'
import { logEvents } from '../../../test/support/app'
import { startDatabase, type TestDatabase } from '../../../test/support/database'
import { startProxy, type Proxy } from '../../../test/support/proxy'
import { poll } from '../../../test/support/poll'
import { sqlCredentials } from '../../../test/support/sql-source'

/** The database `app` of this server takes only clients with a certificate, over TLS. */
let database: TestDatabase
let folder: string
const file = (name: string): string => join(folder, name)
/** What a cancel request begins with when it goes in the clear, and the key of the session with it. */
const CANCEL_REQUEST = Buffer.from([0x04, 0xd2, 0x16, 0x2e])

let proxy: Proxy
const sent: Buffer[] = []
let server: { cert: string; key: string }
let client: { cert: string; key: string }

beforeAll(async () => {
  database = await startDatabase()
  folder = await ownedFolder('test')
  server = selfSigned({ path: file }, 'server')
  client = selfSigned({ path: file }, 'app')
  await demandCertificates()
  proxy = await startProxy(database.port, (chunk) => sent.push(chunk))
})
afterAll(async () => {
  await proxy.close()
  await database.stop()
  await rm(folder, { recursive: true })
})

async function demandCertificates(): Promise<void> {
  const data = String((await database.sql('SHOW data_directory'))[0]!['data_directory'])
  const { uid, gid } = await stat(data)
  for (const name of ['server.pem', 'server-key.pem', 'app.pem']) {
    await copyFile(file(name), join(data, name))
    await chown(join(data, name), uid, gid)
  }
  const rules = [
    'hostssl postgres postgres 127.0.0.1/32 scram-sha-256',
    'hostssl app all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca',
  ]
  await writeFile(join(data, 'pg_hba.conf'), rules.join('\n') + '\n')
  const settings = { ssl_cert_file: 'server.pem', ssl_key_file: 'server-key.pem', ssl_ca_file: 'app.pem', ssl: 'on' }
  for (const [name, value] of Object.entries(settings)) await database.sql(`ALTER SYSTEM SET ${name} = '${value}'`)
  await database.sql('SELECT pg_reload_conf()')
  await poll('TLS is on', () => database.sql('SHOW ssl'), ([row]) => row!['ssl'] === 'on') // prettier-ignore
}

interface Opened {
  query(sql: string): Promise<Record<string, unknown>[]>
  end(): Promise<void>
}

type Options = Record<string, unknown>
const ssl = (): Options => ({ ca: server.cert, cert: client.cert, key: client.key })
const where = (): Options => ({ host: database.host, port: proxy.port, database: 'app' })
const url = (parameters: string): string => `postgres://${database.host}:${proxy.port}/app?${parameters}`
const files = (): string => `sslcert=${file('app.pem')}&sslkey=${file('app-key.pem')}`

function openPool(options: Options, credentials: LeasedCredentials): Opened {
  const pool = new LeasedPool({ max: 2, ...options }, credentials)
  pool.on('error', () => undefined)
  return { query: async (sql) => (await pool.query<Options>(sql)).rows, end: () => pool.end() }
}

function openKnex(connection: Options | string, credentials: LeasedCredentials): Opened {
  const db = knex(leasedKnex({ client: 'pg', connection, pool: { min: 0, max: 2 } }, credentials))
  return { query: async (sql) => ((await db.raw(sql)) as { rows: Options[] }).rows, end: () => db.destroy() }
}

test.for<[string, (credentials: LeasedCredentials) => Opened]>([
  ['LeasedPool', (credentials) => openPool({ ...where(), ssl: ssl() }, credentials)],
  ['leasedKnex', (credentials) => openKnex({ ...where(), ssl: ssl() }, credentials)],
  [
    'LeasedPool with sslmode=verify-full in a connection string',
    (credentials) =>
      openPool({ connectionString: url(`sslmode=verify-full&sslrootcert=${file('server.pem')}&${files()}`) }, credentials),
  ],
  [
    'LeasedPool with sslmode=require in a connection string, as libpq means it',
    (credentials) => openPool({ connectionString: url(`sslmode=require&uselibpqcompat=true&${files()}`) }, credentials),
  ],
  [
    'LeasedPool with sslmode=no-verify in a connection string',
    (credentials) => openPool({ connectionString: url(`sslmode=no-verify&${files()}`) }, credentials),
  ],
  [
    'leasedKnex with sslmode=verify-full in a connection string',
    (credentials) => openKnex(url(`sslmode=verify-full&sslrootcert=${file('server.pem')}&${files()}`), credentials),
  ],
])('%s logs in with its certificate, rotates, and cancels at the deadline', async ([, open]) => {
  sent.length = 0
  const { credentials, source } = await sqlCredentials(database, { drainDeadlineMs: 100, closeTimeoutMs: 500 })
  const pool = open(credentials)
  const login = 'SELECT session_user AS who, ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
  for (let turn = 0; turn < 3; turn++) {
    expect(await pool.query(login)).toEqual([{ who: credentials.current().username, ssl: true, client_dn: '/CN=app' }])
    await credentials.rotate()
  }
  const old = credentials.current().username
  const running = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = '${old}' AND state = 'active'`
  const left: unknown[] = []
  source.beforeRevoke = async (username) => void (username === old && left.push(...(await database.sql(running))))
  const cut = expect(pool.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: '57014' })
  await poll('it runs', () => database.sql(running), ([row]) => row!['n'] === 1) // prettier-ignore
  await credentials.rotate()
  await cut
  await poll('the old user is gone', () => source.revoked, (revoked) => revoked.includes(old)) // prettier-ignore
  expect(left).toEqual([{ n: 0 }])
  expect(sent.filter((chunk) => chunk.includes(CANCEL_REQUEST))).toEqual([])
  await pool.end()
  await credentials.close()
})

test('without a certificate the app gets the server’s own error, and no credential is taken for it', async () => {
  const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500 })
  const log = logEvents(credentials)
  const pool = openPool({ ...where(), ssl: { ca: server.cert } }, credentials)
  const refused = pool.query('SELECT 1')
  await expect(refused).rejects.toBeInstanceOf(DatabaseError)
  await expect(refused).rejects.toMatchObject({ code: '28000', message: 'connection requires a valid client certificate' })
  expect(log.all).toEqual([])
  await pool.end()
  await credentials.close()
})

test('a server that is not trusted is not logged in to: the app gets the error of TLS, a rotation that of its probe', async () => {
  const { credentials } = await sqlCredentials(database, { closeTimeoutMs: 500, probeTimeoutMs: 300 })
  const pool = openPool({ ...where(), ssl: { ...ssl(), ca: client.cert } }, credentials)
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE' })
  expect(credentials.generation).toBe(1)
  await pool.end()
  await credentials.close()
})
