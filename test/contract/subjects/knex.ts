import { leasedKnex, pin } from '@leasepool/knex-adapter'
import knex, { type Knex } from 'knex'
import { leasedOf, type Row, type Subject } from './subject'

interface Copy {
  readonly name: string
  readonly knex: typeof knex
}

const installed: Copy = { name: 'leasedKnex', knex }
/** The oldest that is served, beside the adapter's own. Not imported: its types do not compile with the TypeScript of today. */
const oldest: Copy = { name: 'Knex 3.0', knex: (require('knex-3.0') as { knex: typeof knex }).knex }

const rowsOfAnswer = {
  pg: (answer: unknown) => (answer as { rows: unknown }).rows,
  mysql2: (answer: unknown) => (answer as unknown[])[0],
}

function subject(client: 'pg' | 'mysql2', on: Subject['on'], { name, knex }: Copy): Subject {
  const rows = rowsOfAnswer[client]
  return {
    name: client === 'pg' ? name : `${name} with mysql2`,
    on,
    lacks: {
      destroy: 'Knex has no way to say that',
      'end-serves-waiters': 'tarn aborts who waits, as in stock Knex',
      'end-waits': 'Knex waits for what was borrowed by hand only as long as tarn does',
    },
    open: (options, credentials) => {
      const { host, port, database, max, patience } = options
      const config = {
        client: classOf(knex, client),
        connection: { host, port, database },
        pool: { min: 0, max, ...(patience && { createTimeoutMillis: patience.connectMs }) },
        ...(patience && { acquireConnectionTimeout: patience.connectMs }),
      }
      const db = knex(leasedKnex(config, credentials, leasedOf(options)))
      const rowsOf = async (asked: Knex.Raw): Promise<Row[]> => {
        const answer: unknown = await (patience === undefined ? asked : asked.timeout(patience.queryMs))
        return rows(answer) as Row[]
      }
      return {
        query: (sql) => rowsOf(db.raw(sql)),
        borrow: async () => {
          const connection = (await db.client.acquireConnection()) as object
          return {
            query: (sql) => rowsOf(db.raw(sql).connection(connection)),
            pin: () => pin(connection),
            release: () => db.client.releaseConnection(connection) as Promise<void>,
          }
        },
        stream: (sql) => db.raw(sql).stream() as AsyncIterable<Row>,
        end: () => db.destroy(),
      }
    },
    stock: ({ host, port, database }, login) => {
      const db = knex({ client, connection: { host, port, database, ...login }, pool: { min: 0, max: 1 } })
      return { query: async (sql) => rows(await db.raw(sql)) as Row[], end: () => db.destroy() }
    },
  }
}

/** Of this copy, which need not be the adapter's. */
function classOf(copy: typeof knex, client: string): typeof Knex.Client {
  return copy({ client }).client.constructor as typeof Knex.Client
}

export const pgKnex = subject('pg', ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'], installed)
export const mysql2Knex = subject('mysql2', ['mariadb', 'mysql'], installed)
export const oldestKnex: readonly Subject[] = [subject('pg', ['postgres'], oldest), subject('mysql2', ['mariadb'], oldest)]
