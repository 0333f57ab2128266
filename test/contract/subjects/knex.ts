import { leasedKnex } from '@leasepool/knex-adapter'
import knex from 'knex'
import { leasedOf, type Row, type Subject } from './subject'

export const pgKnex: Subject = {
  name: 'leasedKnex',
  on: ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  open: (options, credentials) => {
    const { host, port, database, max } = options
    const config = { client: 'pg', connection: { host, port, database }, pool: { min: 0, max } }
    const db = knex(leasedKnex(config, credentials, leasedOf(options)))
    const rowsOf = async (asked: PromiseLike<unknown>): Promise<Row[]> => ((await asked) as { rows: Row[] }).rows
    return {
      query: (sql) => rowsOf(db.raw(sql)),
      borrow: async () => {
        const connection = (await db.client.acquireConnection()) as object
        return {
          query: (sql) => rowsOf(db.raw(sql).connection(connection)),
          release: () => db.client.releaseConnection(connection) as Promise<void>,
        }
      },
      end: () => db.destroy(),
    }
  },
}
