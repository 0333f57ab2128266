import { Readable } from 'node:stream'
import { LeasedCredentials } from '@leasepool/core'
import { leasedPool, leasedPoolCluster } from '@leasepool/mysql2-adapter'
import { createPool, createPoolCluster, type Pool, type PoolClusterOptions, type PoolOptions } from 'mysql2'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'

/** Every option that mysql2's types name, beside a stock pool; what takes more than that to see is in `options.test.ts`. */
let server: ContractServer
const STOCK = { user: 'v-stock', password: 'Password-of-stock' }
beforeAll(async () => {
  server = await startServer('mariadb')
  await server.makeUser(STOCK.user, STOCK.password, true)
})
afterAll(async () => {
  await server.dropUser(STOCK.user)
  await server.stop()
})

const opened: { pool: Pool; credentials: LeasedCredentials }[] = []
afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    pool.end()
    await credentials.close()
  }
})

async function open(options: PoolOptions) {
  const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const { host, port, database } = server
  const pool = leasedPool(createPool({ host, port, database, connectionLimit: 1, ...options }), credentials)
  opened.push({ pool, credentials })
  return { pool, credentials, promised: pool.promise() }
}

/** What says where the database is, or is leasepool's: tried by itself. */
type Apart =
  'host' | 'port' | 'database' | 'user' | 'uri' | 'socketPath' | 'localAddress' | 'stream' | 'pool' | 'ssl' | `password${string}`

/** Every other option of mysql2's types, most of them not as they are by default. The compiler says when one is missing. */
const EVERY = {
  authPlugins: {},
  authSwitchHandler: () => undefined,
  bigNumberStrings: true,
  charset: 'UTF8MB4_BIN',
  charsetNumber: 46,
  compress: false,
  connectAttributes: { program_name: 'orders' },
  connectTimeout: 9_000,
  connectionLimit: 2,
  dateStrings: ['DATE'],
  debug: false,
  decimalNumbers: true,
  disableEval: true,
  enableCleartextPlugin: true,
  enableKeepAlive: false,
  flags: ['-FOUND_ROWS'],
  gracefulEnd: true,
  idleTimeout: 7_000,
  infileStreamFactory: () => Readable.from([]),
  insecureAuth: true,
  isServer: false,
  jsonStrings: true,
  keepAliveInitialDelay: 5_000,
  maxIdle: 1,
  maxPreparedStatements: 3,
  multipleStatements: true,
  namedPlaceholders: true,
  nestTables: '_',
  Promise: globalThis.Promise,
  queryFormat: (query: string) => query,
  queueLimit: 100,
  resetOnRelease: true,
  rowsAsArray: false,
  stringifyObjects: true,
  supportBigNumbers: true,
  timezone: '+02:00',
  trace: false,
  typeCast: false,
  waitForConnections: true,
} as const satisfies Record<Exclude<keyof PoolOptions, Apart>, unknown>

test('every option reaches every connection as it does in a stock pool, whoever logs in', async () => {
  const { Promise: _, ...options } = EVERY // mysql2 says of this one that it does not know it
  const stock = createPool({ host: server.host, port: server.port, database: server.database, ...options } as never)
  const { pool, promised, credentials } = await open(options as never)
  const configOf = (given: object): object => {
    const all = { ...(given as Record<string, unknown>) }
    for (const own of ['user', 'password', 'stream', 'pool']) delete all[own]
    return all
  }
  const given = stock as unknown as { config: { connectionConfig: object } }
  for (let turn = 0; turn < 2; turn++) {
    const connection = await promised.getConnection()
    expect(configOf(connection.connection.config)).toEqual(configOf(given.config.connectionConfig))
    connection.release()
    await credentials.rotate()
  }
  const poolOptions = ({ config }: { config: object }): object => ({ ...config, connectionConfig: undefined })
  expect(poolOptions(pool as never)).toEqual(poolOptions(stock as never))
  stock.end()
})

const LOADED =
  'CREATE TEMPORARY TABLE loaded (id INT, label TEXT); LOAD DATA LOCAL INFILE "anything" INTO TABLE loaded; SELECT * FROM loaded'

test('password1 and passwordSha1 are dropped as password is; password2 and password3 are not touched', async () => {
  const { promised, credentials } = await open({
    password1: 'not-used',
    passwordSha1: 'not-used',
    password2: 'second',
    password3: 'third',
  })
  expect((await promised.query(server.who))[0]).toEqual([{ who: credentials.current().username }])
  const connection = await promised.getConnection()
  expect(connection.connection.config).toMatchObject({ passwordSha1: undefined, password2: 'second', password3: 'third' })
  connection.release()
})

/** What an option changes in what comes back; asked of a stock pool and of a leased one, before and after a rotation. */
const SEEN: readonly { readonly options: PoolOptions; readonly sql: string; readonly values?: unknown[] }[] = [
  { options: { decimalNumbers: true }, sql: 'SELECT 1.50 AS n' },
  { options: { supportBigNumbers: true, bigNumberStrings: true }, sql: 'SELECT 9007199254740993 AS n' },
  { options: { timezone: '+02:00' }, sql: 'SELECT ? AS n', values: [new Date(0)] },
  { options: { stringifyObjects: true }, sql: 'SELECT ? AS n', values: [{ a: 1 }] },
  {
    options: { typeCast: (field, next) => (field.type === 'LONGLONG' ? `n${field.string()}` : next()) },
    sql: 'SELECT COUNT(*) AS n FROM item',
  },
  { options: { queryFormat: (query) => query.replace('?', '7') }, sql: 'SELECT ? AS n', values: [1] },
  { options: { nestTables: true }, sql: 'SELECT id FROM item WHERE id = 7' },
  { options: { jsonStrings: true }, sql: `SELECT JSON_OBJECT('a', 1) AS n` },
  { options: { charset: 'LATIN1_GENERAL_CI' }, sql: 'SELECT @@character_set_client AS n' },
  { options: { compress: true }, sql: `SHOW SESSION STATUS LIKE 'Compression'` },
  { options: { flags: ['-FOUND_ROWS'] }, sql: 'UPDATE item SET label = label WHERE id = 7' },
  {
    options: { multipleStatements: true, infileStreamFactory: () => Readable.from([Buffer.from('1001\tfrom a stream\n')]) },
    sql: LOADED,
  },
  { options: { connectAttributes: { program_name: 'orders' } }, sql: 'SELECT 1 AS n' },
  { options: { disableEval: true }, sql: 'SELECT 1 AS n' },
  { options: { maxPreparedStatements: 1 }, sql: 'SELECT 1 AS n' },
]

test.for(SEEN)('$options changes what comes back as in a stock pool', async ({ options, sql, values }) => {
  const stock = createPool({
    ...STOCK,
    host: server.host,
    port: server.port,
    database: server.database,
    connectionLimit: 1,
    ...options,
  }).promise()
  const { promised, credentials } = await open(options)
  const answer = async (pool: typeof promised): Promise<unknown> => (await pool.query(sql, values))[0]
  const expected = await answer(stock)
  expect(await answer(promised)).toEqual(expected)
  await credentials.rotate()
  expect(await answer(promised)).toEqual(expected)
  await stock.end()
})

test('every option of a cluster stays as it is', async () => {
  const options: Required<PoolClusterOptions> = {
    canRetry: false,
    removeNodeErrorCount: 2,
    restoreNodeTimeout: 50,
    defaultSelector: 'ORDER',
  }
  const credentials = await LeasedCredentials.start(new UserSource(server), { closeTimeoutMs: 500 })
  const cluster = leasedPoolCluster(createPoolCluster(options), credentials)
  const own = (of: object): object =>
    Object.fromEntries(Object.entries(of).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value)))
  expect(own(cluster)).toMatchObject(own(createPoolCluster(options)))
  expect(Object.values(own(cluster))).toEqual(expect.arrayContaining(Object.values(options)))
  // The first, always.
  const { host, port, database } = server
  for (const node of ['one', 'two']) cluster.add(node, { host, port, database })
  for (let turn = 0; turn < 3; turn++) {
    const row = await new Promise((resolve, reject) =>
      cluster.getConnection((error, connection) => {
        if (error) return reject(error)
        connection.query(server.who, (failed, rows) => {
          connection.release()
          if (failed) reject(failed)
          else resolve(rows)
        })
      }),
    )
    expect(row).toEqual([{ who: credentials.current().username }])
  }
  expect(credentials.status().pools.map(({ sockets }) => sockets)).toEqual([1, 0])
  await new Promise<void>((resolve) => cluster.end(() => resolve()))
  await credentials.close()
})
