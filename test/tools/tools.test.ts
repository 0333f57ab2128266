import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../contract/server'
import { buildPackages } from '../support/build'

const PASSWORD = 'seen-by-no-tool-Zq7'

interface Span {
  readonly name: string
  readonly parent?: string
  readonly attributes: Record<string, unknown>
}

interface Seen {
  readonly spans: Span[]
  /** What TypeORM told its logger. */
  readonly logged: string[][]
  /** What `DEBUG=knex:*` printed, without the time. */
  readonly debug: string[]
}

const servers: Partial<Record<'pg' | 'mysql2', ContractServer>> = {}
beforeAll(async () => {
  await buildPackages()
  servers.pg = await startServer('postgres')
  servers.mysql2 = await startServer('mariadb')
  for (const server of Object.values(servers)) await server.makeUser('v-tools', PASSWORD, true)
})
afterAll(async () => {
  for (const server of Object.values(servers)) {
    await server.dropUser('v-tools')
    await server.stop()
  }
})

const ran = new Map<string, Promise<Seen>>()

function seen(library: string, pool: 'stock' | 'leased' | 'rotated'): Promise<Seen> {
  const key = `${library} ${pool}`
  const running = ran.get(key) ?? run(library, pool)
  ran.set(key, running)
  return running
}

async function run(library: string, pool: 'stock' | 'leased' | 'rotated'): Promise<Seen> {
  const { host, port, database } = servers[library.endsWith('pg') ? 'pg' : 'mysql2']!
  const config = {
    library,
    leased: pool !== 'stock',
    rotates: pool === 'rotated',
    place: { host, port, database },
    username: 'v-tools',
    password: PASSWORD,
  }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(__dirname, 'app.cjs'), JSON.stringify(config)], {
    env: { ...process.env, DEBUG: 'knex:*', DEBUG_HIDE_DATE: '', DEBUG_COLORS: 'no' },
    timeout: 30_000,
  })
  expect(stdout + stderr).not.toContain(PASSWORD)
  const debug = stderr.split('\n').filter((line) => line.includes('knex:'))
  return {
    ...(JSON.parse(stdout) as Pick<Seen, 'spans' | 'logged'>),
    debug: debug.map((line) => line.replace(/^.*?(?=knex:)/, '')),
  }
}

/** Numbers that Knex gives to connections and transactions go on in one process. */
const unnumbered = <T>(value: T): T => JSON.parse(JSON.stringify(value).replace(/(trx|__knexUid)\d+/g, '$1')) as T

const sorted = (spans: readonly Span[]): string[] => spans.map((span) => JSON.stringify(span)).sort()

describe.for(['pg', 'mysql2', 'knex:pg', 'knex:mysql2', 'typeorm:pg', 'typeorm:mysql2'])('OpenTelemetry, with %s', (library) => {
  test('sees of a leased pool the spans that it sees of a stock one, also after a rotation', async () => {
    const stock = await seen(library, 'stock')
    const names = stock.spans.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(6)
    expect(names).toContain('work')
    expect((await seen(library, 'leased')).spans).toEqual(stock.spans)
    const rotated = await seen(library, 'rotated')
    // What comes first is not done again: `initialize()` of TypeORM, and Knex's question for the server's version.
    const isWork = ({ name, parent, attributes }: Span): boolean =>
      (name === 'work' || parent !== undefined) && !String(attributes['db.query.text']).startsWith('select version()')
    const again = stock.spans.filter(isWork)
    expect(sorted(unnumbered(rotated.spans))).toEqual(sorted(unnumbered(again)))
  })
})

describe.for(['knex:pg', 'knex:mysql2'])('DEBUG=knex:*, with %s', (library) => {
  test('prints of a leased pool what it prints of a stock one, but for the second return of a stream’s connection', async () => {
    const stock = await seen(library, 'stock')
    expect(stock.debug.length).toBeGreaterThan(20)
    const twice = stock.debug.findLastIndex((line) => line.includes('releasing connection to pool'))
    const once = stock.debug.filter((line, index) => index !== twice && !line.includes('pool refused connection'))
    expect((await seen(library, 'leased')).debug).toEqual(once)
    expect(unnumbered((await seen(library, 'rotated')).debug)).toEqual(unnumbered([...once, ...once]))
  })
})

describe.for(['typeorm:pg', 'typeorm:mysql2'])('the logger of a data source, with %s', (library) => {
  test('is told of a leased pool what it is told of a stock one', async () => {
    const { logged } = await seen(library, 'stock')
    expect(logged).toContainEqual(['logQuery', 'SELECT 3', expect.anything()])
    expect(logged.map(([name]) => name)).toContain('logQueryError')
    expect((await seen(library, 'leased')).logged).toEqual(logged)
    const first = logged.findIndex(([, query]) => query?.includes('bound') || /SELECT (\$1|\?)/.test(query ?? ''))
    expect((await seen(library, 'rotated')).logged).toEqual(logged.slice(first))
  })
})
