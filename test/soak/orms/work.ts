import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import type { DataSource } from 'typeorm'
import { TTL_SECONDS } from './setting'

/** Longer than a ttl, shorter than a drain may take. */
export const LONG_MS = TTL_SECONDS * 1_000 + 300
/** What transactions insert that commit. */
export const COMMITTED = 'committed'
/** What is rolled back: never to be seen. */
export const GIVEN_UP = 'given up'
const STREAMED = 300

/** What an app does, once. */
export type Operation = () => Promise<void>
/** By name; each is drawn as often as its weight says. */
export type Operations = Readonly<Record<string, { readonly weight: number; readonly run: Operation }>>

/** How many rows of each label there must be in the end. */
export class Ledger {
  committed = 0
}

export function knexOperations(db: Knex, unknownColumn: string, ledger: Ledger): Operations {
  const insert = (trx: Knex, label: string): Promise<unknown> => trx('item').insert({ label })
  const commit = async (pauseMs: number): Promise<void> => {
    await db.transaction(async (trx) => {
      await insert(trx, COMMITTED)
      await sleep(pauseMs)
      await expectOne(trx('item').where({ id: 7 }))
    })
    ledger.committed += 1
  }
  return {
    query: often(() => expectOne(db('item').where({ id: 7 }))),
    page: often(async () => expectRows(await db('item').where('id', '>', 20).orderBy('id').limit(10), 10)),
    'failing query': often(() => expectCode(db('item').select('no_such_column'), unknownColumn)),
    transaction: often(() => commit(0)),
    'long transaction': rarely(() => commit(LONG_MS)),
    savepoint: often(async () => {
      await db.transaction(async (trx) => {
        await insert(trx, COMMITTED)
        await trx
          .transaction(async (inner) => {
            await insert(inner, GIVEN_UP)
            throw new Undone()
          })
          .catch(isUndone)
        await trx.transaction((inner) => expectOne(inner('item').where({ id: 8 })))
      })
      ledger.committed += 1
    }),
    rollback: often(() =>
      db
        .transaction(async (trx) => {
          await insert(trx, GIVEN_UP)
          throw new Undone()
        })
        .catch(isUndone),
    ),
    stream: often(async () => expectRows(await all(db('item').select('id').orderBy('id').limit(STREAMED).stream()), STREAMED)),
    'half a stream': often(async () => {
      for await (const _ of db('item').select('id').orderBy('id').limit(STREAMED).stream()) break
    }),
  }
}

export function typeormOperations(dataSource: DataSource, unknownColumn: string, ledger: Ledger): Operations {
  const insert = (label: string): string => `INSERT INTO item (label) VALUES ('${label}')`
  const seven = 'SELECT label FROM item WHERE id = 7'
  const commit = async (pauseMs: number): Promise<void> => {
    await dataSource.transaction(async (manager) => {
      await manager.query(insert(COMMITTED))
      await sleep(pauseMs)
      await expectOne(manager.query(seven))
    })
    ledger.committed += 1
  }
  return {
    query: often(() => expectOne(dataSource.query(seven))),
    page: often(async () =>
      expectRows(
        await dataSource
          .createQueryBuilder()
          .select('id')
          .from('item', 'item')
          .where('id > 20')
          .orderBy('id')
          .limit(10)
          .getRawMany(),
        10,
      ),
    ),
    'failing query': often(() => expectCode(dataSource.query('SELECT no_such_column FROM item'), unknownColumn)),
    transaction: often(() => commit(0)),
    'long transaction': rarely(() => commit(LONG_MS)),
    savepoint: often(async () => {
      await dataSource.transaction(async (manager) => {
        await manager.query(insert(COMMITTED))
        await manager
          .transaction(async (inner) => {
            await inner.query(insert(GIVEN_UP))
            throw new Undone()
          })
          .catch(isUndone)
        await manager.transaction((inner) => expectOne(inner.query(seven)))
      })
      ledger.committed += 1
    }),
    rollback: often(() =>
      dataSource
        .transaction(async (manager) => {
          await manager.query(insert(GIVEN_UP))
          throw new Undone()
        })
        .catch(isUndone),
    ),
    stream: often(async () => {
      const runner = dataSource.createQueryRunner()
      try {
        expectRows(await all(await runner.stream(`SELECT id FROM item ORDER BY id LIMIT ${STREAMED}`)), STREAMED)
      } finally {
        await runner.release()
      }
    }),
    'query runner that is held': often(async () => {
      const runner = dataSource.createQueryRunner()
      try {
        await expectOne(runner.query(seven))
        await sleep(20)
        await expectOne(runner.query(seven))
      } finally {
        await runner.release()
      }
    }),
  }
}

class Undone extends Error {}

function isUndone(error: unknown): void {
  if (!(error instanceof Undone)) throw error
}

function often(run: Operation): { weight: number; run: Operation } {
  return { weight: 12, run }
}

function rarely(run: Operation): { weight: number; run: Operation } {
  return { weight: 1, run }
}

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const rows = []
  for await (const row of stream) rows.push(row)
  return rows
}

async function expectOne(asked: PromiseLike<unknown>): Promise<void> {
  expectRows((await asked) as unknown[], 1)
}

function expectRows(rows: readonly unknown[], expected: number): void {
  if (rows.length !== expected) throw new Error(`${rows.length} rows instead of ${expected}`)
}

async function expectCode(asked: PromiseLike<unknown>, code: string): Promise<void> {
  const error: unknown = await asked.then(
    () => new Error('It did not fail'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error && 'code' in error && error.code === code)) throw error
}
