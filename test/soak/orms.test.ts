import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { closeDataSource, leasedDataSource } from '@leasepool/typeorm-adapter'
import knex from 'knex'
import { DataSource } from 'typeorm'
import { afterAll, describe, test, type ExpectStatic } from 'vitest'
import { logEvents, type EventLog } from '../support/app'
import { poll } from '../support/poll'
import { startProxy, type Proxy } from '../support/proxy'
import { randomFrom } from '../support/random'
import { startSetting, type Dialect, type Setting } from './orms/setting'
import { COMMITTED, GIVEN_UP, knexOperations, Ledger, LONG_MS, typeormOperations, type Operations } from './orms/work'

/** Rotations of each case: 500 with `npm run soak`, unless it is told to last for so many seconds. */
const ROTATIONS = Number(process.env['LEASEPOOL_ORM_ROTATIONS'] ?? 5)
const SECONDS = Number(process.env['LEASEPOOL_ORM_SECONDS'] ?? 0)
const SEED = Number(process.env['LEASEPOOL_ORM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const MAX = 6
const CALLERS = 32
/** Of what may take long only because the machine is busy. */
const timeout = 120_000 + ROTATIONS * 15_000 + SECONDS * 1_000

interface Where {
  readonly host: string
  readonly port: number
  readonly database: string
}

interface App {
  readonly operations: Operations
  /** Rows with this label. */
  rows(label: string): Promise<number>
  end(): Promise<void>
}

type Open = (where: Where, credentials: LeasedCredentials, ledger: Ledger) => App | Promise<App>

const KNEX = {
  postgres: { client: 'pg', unknownColumn: '42703' },
  mysql: { client: 'mysql2', unknownColumn: 'ER_BAD_FIELD_ERROR' },
}

const openKnex =
  (dialect: Dialect): Open =>
  (connection, credentials, ledger) => {
    const { client, unknownColumn } = KNEX[dialect]
    const db = knex(leasedKnex({ client, connection, pool: { min: 0, max: MAX } }, credentials))
    return {
      operations: knexOperations(db, unknownColumn, ledger),
      rows: async (label) => (await db('item').where({ label })).length,
      end: () => db.destroy(),
    }
  }

const openTypeorm =
  (type: Dialect): Open =>
  async (where, credentials, ledger) => {
    const dataSource = await new DataSource(leasedDataSource({ type, ...where, poolSize: MAX }, credentials)).initialize()
    return {
      operations: typeormOperations(dataSource, KNEX[type].unknownColumn, ledger),
      rows: async (label) => (await dataSource.query<unknown[]>(`SELECT id FROM item WHERE label = '${label}'`)).length,
      end: () => closeDataSource(dataSource),
    }
  }

const CASES: readonly { readonly name: string; readonly dialect: Dialect; readonly open: Open }[] = [
  { name: 'Knex with pg', dialect: 'postgres', open: openKnex('postgres') },
  { name: 'Knex with mysql2', dialect: 'mysql', open: openKnex('mysql') },
  { name: 'TypeORM with postgres', dialect: 'postgres', open: openTypeorm('postgres') },
  { name: 'TypeORM with mysql', dialect: 'mysql', open: openTypeorm('mysql') },
]

const table: Record<string, Record<string, unknown>> = {}
afterAll(() => console.table(table))

describe('a soak of what most apps use', { concurrent: true }, () => {
  test.for(CASES)(
    `$name: ${CALLERS} callers are served as if nothing rotated`,
    { timeout },
    async ({ name, dialect, open }, { expect }) => {
      console.log(`${name}: seed ${SEED}`)
      const setting = await startSetting(dialect)
      const proxy = await startProxy(setting.port)
      try {
        await soak(setting, proxy, name, open, expect)
      } finally {
        await setting.credentials.close()
        await proxy.close()
        await setting.stop()
      }
    },
  )
})

async function soak(setting: Setting, proxy: Proxy, name: string, open: Open, expect: ExpectStatic): Promise<void> {
  const { credentials, host, database } = setting
  const log = logEvents(credentials)
  const ledger = new Ledger()
  const app = await open({ host, port: proxy.port, database }, credentials, ledger)
  const stop = new AbortController()
  const tally = new Tally()
  const callers = Array.from({ length: CALLERS }, (_, number) =>
    call(app.operations, tally, randomFrom(SEED + number), stop.signal),
  )
  const startMs = performance.now()
  await rotateUntil(() => tally.failures.length > 0 || isOver(startMs, log), credentials, log)
  stop.abort()
  await Promise.all(callers)
  const seconds = Math.round((performance.now() - startMs) / 1_000)

  const rows = { committed: await app.rows(COMMITTED), givenUp: await app.rows(GIVEN_UP) }
  await app.end()
  const socketsLeft = proxy.open
  await credentials.close()
  const [leasesLeft, usersLeft] = [setting.leasesLeft(), await setting.usersLeft()]
  table[`${name} on ${setting.server}`] = {
    seconds,
    rotations: log.of('rotated').length,
    operations: Object.values(tally.done).reduce((sum, count) => sum + count, 0),
    failed: tally.failures.length,
    'long transactions': tally.done['long transaction'] ?? 0,
    renewals: log.of('renewed').length,
    max: MAX,
    'peak sockets': proxy.peak,
    'peak leases': setting.peakLeases,
    'users left': usersLeft.length,
  }

  expect({ failures: tally.failures, unwanted: unwanted(log) }).toEqual({ failures: [], unwanted: [] })
  expect(Object.keys(tally.done).sort()).toEqual(Object.keys(app.operations).sort())
  expect(rows).toEqual({ committed: ledger.committed, givenUp: 0 })
  expect(log.of('rotated').length).toBeGreaterThanOrEqual(SECONDS > 0 ? SECONDS / 12 : ROTATIONS)
  expect(log.of('renewed').length).toBeGreaterThan(0)
  expect(proxy.peak).toBe(MAX)
  expect(setting.peakLeases).toBe(2)
  expect([socketsLeft, leasesLeft, usersLeft]).toEqual([0, 0, []])
}

class Tally {
  readonly done: Record<string, number> = {}
  readonly failures: string[] = []
}

async function call(operations: Operations, tally: Tally, random: () => number, signal: AbortSignal): Promise<void> {
  const names = Object.entries(operations).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))
  while (!signal.aborted && tally.failures.length === 0) {
    const name = names[Math.floor(random() * names.length)]!
    try {
      await operations[name]!.run()
      tally.done[name] = (tally.done[name] ?? 0) + 1
    } catch (error) {
      tally.failures.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }
}

/** One after the other: the next one begins when the user before has been given back, so that there are two leases at most. */
async function rotateUntil(isDone: () => boolean, credentials: LeasedCredentials, log: EventLog): Promise<void> {
  while (!isDone()) {
    await credentials.rotate()
    const rotations = log.of('rotated').length
    await poll('the user before is given back', () => log.of('revoked').length, (count) => count === rotations, LONG_MS + 30_000) // prettier-ignore
  }
}

function isOver(startMs: number, log: EventLog): boolean {
  return SECONDS > 0 ? performance.now() - startMs > SECONDS * 1_000 : log.of('rotated').length >= ROTATIONS
}

/** What must not happen while nothing is wrong. */
function unwanted(log: EventLog): unknown[] {
  const names = ['rotationFailed', 'probeFailed', 'renewFailed', 'revokeFailed', 'connectionForced', 'loginRefused', 'loginsPaused', 'healthChanged'] as const // prettier-ignore
  return names.flatMap((name) => log.of(name).map((event) => ({ name, event: event as unknown })))
}
