import type { Knex } from 'knex'
import type { Pool as PromisePool } from 'mysql2/promise'
import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'
import { setTimeout as sleep } from 'node:timers/promises'

/** One piece of work of an app, and how long it had to wait for a connection. */
export type Work = () => Promise<Waited>

export interface Waited {
  readonly waitedMs: number
  /** How many others got a connection between asking and getting one. */
  readonly turns: number
}

/** Connections got so far, by everybody. */
let served = 0

/** What an app does with a `pg.Pool`: one-shot queries, transactions short and long, a borrowed connection, a failing statement. */
export function poolWork(pool: Pool): Work[] {
  return [
    () => timed(async () => void (await pool.query('SELECT count(*) FROM item'))),
    () => onClient(pool, async (query) => void (await query('SELECT label FROM item WHERE id = 7'))),
    () => onClient(pool, (query) => transaction(query, 2)),
    () => onClient(pool, (query) => transaction(query, 40)),
    () => onClient(pool, async (query) => void (await query('SELECT no_such_column FROM item').catch(expectCode('42703')))),
  ]
}

/** The same with Knex, and a stream. */
export function knexWork(db: Knex, unknownColumn = '42703'): Work[] {
  return [
    () => timed(async (got) => void (await db('item').count().on('query', got))),
    () => timed(async (got) => void (await db('item').where({ id: 7 }).first().on('query', got))),
    () => timed((got) => db.transaction((trx) => (got(), transaction(async (sql) => trx.raw(sql), 2, false)))),
    () => timed((got) => db.transaction((trx) => (got(), transaction(async (sql) => trx.raw(sql), 40, false)))),
    () =>
      timed(
        async (got) => void (await db.raw('SELECT no_such_column FROM item').on('query', got).catch(expectCode(unknownColumn))),
      ),
    () =>
      timed(async (got) => {
        let rows = 0
        for await (const _ of db('item').select('id').limit(300).stream()) if ((rows += 1) === 1) got()
        if (rows !== 300) throw new Error(`The stream gave ${rows} rows of 300`)
      }),
  ]
}

/** The same with a pool of mysql2, and a statement that is prepared. */
export function mysqlWork(pool: PromisePool): Work[] {
  const onConnection = (use: (query: Query) => Promise<void>): Promise<Waited> =>
    timed(async (got) => {
      const connection = await pool.getConnection()
      got()
      try {
        await use((sql) => connection.query(sql))
      } finally {
        connection.release()
      }
    })
  return [
    () => timed(async () => void (await pool.query('SELECT count(*) FROM item'))),
    () => timed(async () => void (await pool.execute('SELECT label FROM item WHERE id = ?', [7]))),
    () => onConnection((query) => transaction(query, 2)),
    () => onConnection((query) => transaction(query, 40)),
    () =>
      onConnection(
        async (query) => void (await query('SELECT no_such_column FROM item').catch(expectCode('ER_BAD_FIELD_ERROR'))),
      ),
    () =>
      timed(async (got) => {
        let rows = 0
        for await (const _ of pool.pool.query('SELECT id FROM item LIMIT 300').stream()) if ((rows += 1) === 1) got()
        if (rows !== 300) throw new Error(`The stream gave ${rows} rows of 300`)
      }),
  ]
}

/** The same with what any other pool lends. `unknownColumn` is the driver's code for that. */
export function borrowingWork(
  borrow: () => Promise<{ query: Query; release(): void | Promise<void> }>,
  unknownColumn: string,
): Work[] {
  const onConnection = (use: (query: Query) => Promise<void>): Promise<Waited> =>
    timed(async (got) => {
      const { query, release } = await borrow()
      got()
      try {
        await use(query)
      } finally {
        await release()
      }
    })
  return [
    () => onConnection(async (query) => void (await query('SELECT count(*) FROM item'))),
    () => onConnection(async (query) => void (await query('SELECT label FROM item WHERE id = 7'))),
    () => onConnection((query) => transaction(query, 2)),
    () => onConnection((query) => transaction(query, 40)),
    () => onConnection(async (query) => void (await query('SELECT no_such_column FROM item').catch(expectCode(unknownColumn)))),
  ]
}

/** The same with TypeORM; on PostgreSQL or MySQL. */
export function dataSourceWork(dataSource: DataSource, unknownColumn: string): Work[] {
  const onRunner = (use: (query: Query) => Promise<void>): Promise<Waited> =>
    timed(async (got) => {
      const runner = dataSource.createQueryRunner()
      try {
        await runner.connect()
        got()
        await use((sql) => runner.query(sql))
      } finally {
        await runner.release()
      }
    })
  return [
    () => timed(async () => void (await dataSource.query('SELECT count(*) FROM item'))),
    () => onRunner(async (query) => void (await query('SELECT label FROM item WHERE id = 7'))),
    () => timed((got) => dataSource.transaction((manager) => (got(), transaction((sql) => manager.query(sql), 2, false)))),
    () => timed((got) => dataSource.transaction((manager) => (got(), transaction((sql) => manager.query(sql), 40, false)))),
    () => onRunner(async (query) => void (await query('SELECT no_such_column FROM item').catch(expectCode(unknownColumn)))),
    () =>
      timed(async (got) => {
        const runner = dataSource.createQueryRunner()
        let rows = 0
        try {
          const stream = await runner.stream('SELECT id FROM item LIMIT 300')
          for await (const _ of stream) if ((rows += 1) === 1) got()
        } finally {
          await runner.release()
        }
        if (rows !== 300) throw new Error(`The stream gave ${rows} rows of 300`)
      }),
  ]
}

type Query = (sql: string) => Promise<unknown>

async function transaction(query: Query, pauseMs: number, begin = true): Promise<void> {
  if (begin) await query('BEGIN')
  await query(`INSERT INTO item (label) VALUES ('made in a transaction')`)
  await sleep(pauseMs)
  await query('SELECT count(*) FROM item')
  if (begin) await query('COMMIT')
}

async function onClient(pool: Pool, use: (query: Query) => Promise<void>): Promise<Waited> {
  return timed(async (got) => {
    const client = await pool.connect()
    got()
    try {
      await use((sql) => client.query(sql))
    } finally {
      client.release()
    }
  })
}

/** `got` is called when the connection is there; where that cannot be seen, it is not, and nothing counts as waited. */
async function timed(work: (got: () => void) => Promise<void>): Promise<Waited> {
  const startMs = performance.now()
  const before = served
  let waited: Waited = { waitedMs: 0, turns: 0 }
  await work(() => (waited = { waitedMs: performance.now() - startMs, turns: served++ - before }))
  return waited
}

function expectCode(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error
  }
}
