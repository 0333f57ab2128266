import { leasedKnex, pin } from '@leasepool/knex-adapter'
import knex, { type Knex } from 'knex'
import { leasedOf, type Row, type Subject } from './subject'

function subject(client: 'pg' | 'mysql2', on: Subject['on'], rows: (answer: unknown) => unknown): Subject {
  return {
    name: client === 'pg' ? 'leasedKnex' : 'leasedKnex with mysql2',
    on,
    lacks: {
      destroy: 'Knex has no way to say that',
      'end-serves-waiters': 'tarn aborts who waits, as in stock Knex',
      'end-waits': 'Knex waits for what was borrowed by hand only as long as tarn does',
    },
    open: (options, credentials) => {
      const { host, port, database, max, patience } = options
      const config = {
        client,
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

export const pgKnex = subject(
  'pg',
  ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  (answer) => (answer as { rows: unknown }).rows,
)
export const mysql2Knex = subject('mysql2', ['mariadb', 'mysql'], (answer) => (answer as unknown[])[0])
