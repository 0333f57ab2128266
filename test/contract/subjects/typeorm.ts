import { closeDataSource, leasedDataSource, pin } from '@leasepool/typeorm-adapter'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { leasedOf, type Row, type Subject } from './subject'

function subject(type: 'postgres' | 'mysql' | 'mariadb', on: Subject['on'] = [type]): Subject {
  return {
    name: 'leasedDataSource',
    on,
    lacks: {
      destroy: 'TypeORM has no way to say that',
      stream: 'TypeORM streams what its query runners are asked for, by each driver’s own means',
      patience: 'TypeORM has no name of its own for that',
      lazy: 'TypeORM logs in before anybody asks',
    },
    open: (options, credentials) => {
      const { host, port, database, max } = options
      const where = { host, port, database, poolSize: max }
      // TypeORM asks mysql2 for numbers as strings.
      const config: DataSourceOptions = type === 'postgres' ? { type, ...where } : { type, ...where, bigNumberStrings: false }
      const dataSource = new DataSource(leasedDataSource(config, credentials, leasedOf(options)))
      // TypeORM connects before anything else may be asked.
      const ready = dataSource.initialize()
      ready.catch(() => undefined)
      return {
        query: async (sql) => (await ready).query<Row[]>(sql),
        borrow: async () => {
          const runner = (await ready).createQueryRunner()
          const connection = (await runner.connect()) as object
          return {
            query: (sql) => runner.query(sql) as Promise<Row[]>,
            pin: () => pin(connection),
            release: () => runner.release(),
          }
        },
        end: async () => closeDataSource(await ready),
      }
    },
    stock: ({ host, port, database }, { user, password }) => {
      const dataSource = new DataSource({ type, host, port, database, username: user, password })
      const ready = dataSource.initialize()
      ready.catch(() => undefined)
      return { query: async (sql) => (await ready).query<Row[]>(sql), end: async () => (await ready).destroy() }
    },
  }
}

export const dataSources = [
  subject('postgres', ['postgres', 'pgbouncer-session', 'pgbouncer-transaction']),
  subject('mysql'),
  subject('mariadb'),
]
