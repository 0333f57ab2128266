import { LeasedPool, leasedPoolClass, pin, type LeasedPoolClass } from '@leasepool/pg-adapter'
import { Pool } from 'pg'
import * as pg811 from 'pg-8.11'
import QueryStream from 'pg-query-stream'
import { leasedOf, type Row, type Subject } from './subject'

const withClass =
  (Leased: LeasedPoolClass): Subject['open'] =>
  (options, credentials) => {
    const { host, port, database, max, patience } = options
    const limits = patience && { connectionTimeoutMillis: patience.connectMs, query_timeout: patience.queryMs }
    const pool = new Leased({ host, port, database, max, ...limits }, credentials, leasedOf(options))
    pool.on('error', () => undefined) // as every app of pg must
    return {
      query: async (sql) => (await pool.query<Row>(sql)).rows,
      borrow: async () => {
        const client = await pool.connect()
        return {
          query: async (sql) => (await client.query<Row>(sql)).rows,
          release: () => client.release(),
          pin: () => pin(client),
          destroy: () => client.release(true),
        }
      },
      async *stream(sql) {
        const client = await pool.connect()
        try {
          yield* client.query(new QueryStream(sql)) as AsyncIterable<Row>
        } finally {
          client.release()
        }
      },
      end: () => pool.end(),
    }
  }

const withPool =
  (Stock: typeof Pool): NonNullable<Subject['stock']> =>
  ({ host, port, database }, login) => {
    const pool = new Stock({ host, port, database, ...login })
    pool.on('error', () => undefined)
    return { query: async (sql) => (await pool.query<Row>(sql)).rows, end: () => pool.end() }
  }

export const pg: Subject = {
  name: 'LeasedPool',
  on: ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  open: withClass(LeasedPool),
  stock: withPool(Pool),
}

/** The oldest pg that is served, with the pg-pool of its day: an app's own copy beside the adapter's, which is newer. */
export const pgOldest: Subject = {
  name: 'pg 8.11',
  on: ['postgres'],
  open: withClass(leasedPoolClass(pg811)),
  stock: withPool(pg811.Pool),
}
