import { LeasedPool, pin } from '@leasepool/pg-adapter'
import { Pool } from 'pg'
import QueryStream from 'pg-query-stream'
import { leasedOf, type Row, type Subject } from './subject'

export const pg: Subject = {
  name: 'LeasedPool',
  on: ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  open: (options, credentials) => {
    const { host, port, database, max, patience } = options
    const limits = patience && { connectionTimeoutMillis: patience.connectMs, query_timeout: patience.queryMs }
    const pool = new LeasedPool({ host, port, database, max, ...limits }, credentials, leasedOf(options))
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
  },
  stock: ({ host, port, database }, login) => {
    const pool = new Pool({ host, port, database, ...login })
    pool.on('error', () => undefined)
    return { query: async (sql) => (await pool.query<Row>(sql)).rows, end: () => pool.end() }
  },
}
