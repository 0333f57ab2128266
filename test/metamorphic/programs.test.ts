import { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import fc from 'fast-check'
import knex from 'knex'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer, type ServerKind } from '../contract/server'
import { logEvents, type EventLog } from '../support/app'
import { hasMySql } from '../support/mysql'
import { UserSource } from '../support/user-source'
import { knexLibrary } from './knex'
import type { Library } from './library'
import { LANES, program } from './program'
import { run } from './run'
import { entities, typeormLibrary } from './typeorm'

/** Random programs for each library on each server: 1 000 with `npm run test:programs`. */
const PROGRAMS = Number(process.env['LEASEPOOL_PROGRAMS'] ?? 20)
const SEED = Number(process.env['LEASEPOOL_PROGRAMS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** Fewer than lanes: one of them waits. */
const MAX = 2
const TABLES = Array.from({ length: LANES }, (_, lane) => `program_${lane}`)
const timeout = 60_000 + PROGRAMS * 2_000

if (!hasMySql) console.warn('Skipped, there is no MySQL: random programs on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')

describe('PostgreSQL', () => programsOn('postgres'))
describe('MariaDB', () => programsOn('mariadb'))
describe.skipIf(!hasMySql)('MySQL', () => programsOn('mysql'))

interface Where {
  readonly host: string
  readonly port: number
  readonly database: string
}

interface Login {
  readonly user: string
  readonly password: string
}

/** Of the library alone, and leased. */
type Pair = readonly [Library<unknown>, Library<unknown>]

type Open = (where: Where, login: Login, credentials: LeasedCredentials) => Pair | Promise<Pair>

const openKnex =
  (client: 'pg' | 'mysql2'): Open =>
  (where, login, credentials) => {
    const config = { client, pool: { min: 0, max: MAX } }
    const stock = knex({ ...config, connection: { ...where, ...login } })
    return [knexLibrary(stock), knexLibrary(knex(leasedKnex({ ...config, connection: where }, credentials)))] as unknown as Pair
  }

const openTypeorm =
  (type: 'postgres' | 'mysql'): Open =>
  async (where, { user, password }, credentials) => {
    const options = { type, ...where, poolSize: MAX, entities: entities(TABLES) } as const
    const stock = await new DataSource({ ...options, username: user, password }).initialize()
    const leased = await new DataSource(leasedDataSource(options, credentials)).initialize()
    const pair = [typeormLibrary(stock, () => stock.destroy()), typeormLibrary(leased, () => closeDataSource(leased))]
    return pair as unknown as Pair
  }

function programsOn(kind: ServerKind): void {
  const isPostgres = kind === 'postgres'
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  test.for([
    ['Knex', openKnex(isPostgres ? 'pg' : 'mysql2')],
    ['TypeORM', openTypeorm(isPostgres ? 'postgres' : 'mysql')],
  ] as const)(`${PROGRAMS} programs see the same with %s, rotating or not`, { timeout }, async ([name, open]) => {
    console.log(`${name} on ${kind}: seed ${SEED}`)
    const source = new UserSource(server)
    const credentials = await LeasedCredentials.start(source)
    const log = logEvents(credentials)
    const login = { user: `${source.prefix}stock`, password: 'Password-of-stock' }
    await server.makeUser(login.user, login.password, true)
    await makeTables(server, isPostgres)
    const { host, port, database } = server
    const [stock, leased] = await open({ host, port, database }, login, credentials)
    /** Programs in which there was a rotation: what is drawn at random may have none. */
    let rotating = 0
    try {
      const same = fc.asyncProperty(program, async (steps) => {
        const expected = await run(steps, stock, TABLES)
        await emptyTables(stock)
        const before = log.of('rotated').length
        let hasRotated = false
        const seen = await run(steps, leased, TABLES, () => ((hasRotated = true), credentials.rotate()))
        await emptyTables(stock)
        expect(seen).toEqual(expected)
        expect(unwanted(log)).toEqual([])
        expect(log.of('rotated').length > before).toBe(hasRotated)
        if (hasRotated) rotating += 1
      })
      await fc.assert(same, { numRuns: PROGRAMS, seed: SEED })
      expect(rotating).toBeGreaterThanOrEqual(PROGRAMS / 4)
      console.log(`${name} on ${kind}: ${PROGRAMS} programs, ${log.of('rotated').length} rotations`)
    } finally {
      await Promise.all([stock.end(), leased.end()])
      await credentials.close()
      await server.dropUser(login.user)
    }
  })
}

async function makeTables(server: ContractServer, isPostgres: boolean): Promise<void> {
  for (const table of TABLES) {
    await server.sqlInDatabase(`DROP TABLE IF EXISTS ${table}`)
    await server.sqlInDatabase(`CREATE TABLE ${table} (id int PRIMARY KEY, label varchar(200) NOT NULL)`)
    if (isPostgres) await server.sqlInDatabase(`GRANT ALL ON ${table} TO app_rw`)
  }
}

async function emptyTables({ root, empty }: Library<unknown>): Promise<void> {
  for (const table of TABLES) await empty(root, table)
}

/** What must not happen while nothing is wrong. */
function unwanted(log: EventLog): unknown[] {
  const names = ['rotationFailed', 'probeFailed', 'revokeFailed', 'connectionForced', 'loginRefused', 'loginsPaused'] as const
  return names.flatMap((name) => log.of(name).map((event) => ({ name, event: event as unknown })))
}
