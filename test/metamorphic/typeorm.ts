import { type DataSource, EntitySchema, type EntityManager, MoreThan, type QueryRunner } from 'typeorm'
import { first, type Library } from './library'

interface Row {
  readonly id: number
  readonly label: string
}

export const entities = (tables: readonly string[]): EntitySchema<Row>[] =>
  tables.map(
    (name) =>
      new EntitySchema<Row>({ name, tableName: name, columns: { id: { type: Number, primary: true }, label: { type: String } } }),
  )

export function typeormLibrary(dataSource: DataSource, end: () => Promise<void>): Library<EntityManager> {
  return {
    root: dataSource.manager,
    insert: async (scope, table, id, label) => (await scope.insert<Row>(table, { id, label })).identifiers,
    update: async (scope, table, id, label) => (await scope.update<Row>(table, { id }, { label })).affected,
    delete: async (scope, table, id) => (await scope.delete<Row>(table, { id })).affected,
    find: (scope, table, id) => scope.findOneBy<Row>(table, { id }),
    list: (scope, table) => scope.find<Row>(table, { order: { id: 'ASC' } }),
    page: (scope, table, after, limit) =>
      scope.find<Row>(table, { where: { id: MoreThan(after) }, order: { id: 'ASC' }, take: limit }),
    raw: (scope, value) => scope.query(`SELECT ${value} + 1 AS n`),
    fail: (scope, table, how) => {
      switch (how) {
        case 'unknown column':
          return scope.query(`SELECT no_such_column FROM ${table}`)
        case 'unknown table':
          return scope.query(`SELECT * FROM no_such_${table}`)
        case 'no SQL':
          return scope.query('SELEKT 1')
        case 'no null':
          return scope.query(`INSERT INTO ${table} (id, label) VALUES (99, NULL)`)
      }
    },
    stream: (scope, table, rows) =>
      onRunner(dataSource, scope, async (runner) => first(rows, await runner.stream(`SELECT * FROM ${table} ORDER BY id`))),
    transaction: (scope, work) => scope.transaction((inner) => work(inner)),
    empty: (scope, table) => scope.query(`DELETE FROM ${table}`),
    end,
  }
}

/** The one of the transaction, or another one for as long as it takes. */
async function onRunner<T>(dataSource: DataSource, scope: EntityManager, use: (runner: QueryRunner) => Promise<T>): Promise<T> {
  if (scope.queryRunner !== undefined) return use(scope.queryRunner)
  const runner = dataSource.createQueryRunner()
  try {
    return await use(runner)
  } finally {
    await runner.release()
  }
}
