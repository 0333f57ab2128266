import { LeasedPool, pin } from '@leasepool/pg-adapter'
import type { Row, Subject } from './subject'

export const pg: Subject = {
  name: 'LeasedPool',
  on: ['postgres', 'pgbouncer-session', 'pgbouncer-transaction'],
  open: ({ host, port, database, max, ...leased }, credentials) => {
    const pool = new LeasedPool({ host, port, database, max }, credentials, leased)
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
      end: () => pool.end(),
    }
  },
}
