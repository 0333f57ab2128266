import type { Knex } from 'knex'
import { first, type Library } from './library'

export function knexLibrary(db: Knex): Library<Knex> {
  return {
    root: db,
    insert: async (scope, table, id, label) => rowCount(await scope(table).insert({ id, label })),
    update: async (scope, table, id, label) => scope(table).where({ id }).update({ label }),
    delete: async (scope, table, id) => scope(table).where({ id }).delete(),
    find: async (scope, table, id) => scope(table).where({ id }).first(),
    list: async (scope, table) => scope(table).orderBy('id'),
    page: async (scope, table, after, limit) => scope(table).where('id', '>', after).orderBy('id').limit(limit),
    raw: async (scope, value) => scope.select(scope.raw('? + 1 AS n', [value])),
    fail: async (scope, table, how) => {
      switch (how) {
        case 'unknown column':
          return scope(table).select('no_such_column')
        case 'unknown table':
          return scope(`no_such_${table}`)
        case 'no SQL':
          return scope.raw('SELEKT 1')
        case 'no null':
          return scope(table).insert({ id: 99, label: null })
      }
    },
    stream: async (scope, table, rows) => first(rows, scope(table).orderBy('id').stream()),
    transaction: (scope, work) => scope.transaction((trx) => work(trx)),
    empty: async (scope, table) => scope(table).delete(),
    end: () => db.destroy(),
  }
}

/** pg answers with a result, mysql2 with what it calls the new id. */
function rowCount(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'rowCount' in answer ? answer.rowCount : answer
}
