// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import pg from 'pg'
import { parse as parseArray } from 'postgres-array'
import { createDriverFactory, type DriverQueryResult, type DriverTypeParser } from 'slonik'

/** What Slonik takes for a driver: its client borrows one of a leased pool, and gives it back where Slonik ends it. */
export function borrowingFrom(options: pg.PoolConfig, credentials: LeasedCredentials) {
  const pool = new LeasedPool(options, credentials)
  const driverFactory = createDriverFactory(async ({ driverConfiguration }) => {
    const types = await typesOf(pool, driverConfiguration.typeParsers)
    return {
      createPoolClient: async ({ clientEventEmitter }) => {
        const failed = (error: Error): unknown => clientEventEmitter.emit('error', error)
        let client: pg.PoolClient
        return {
          connect: async () => void (client = (await pool.connect()).on('error', failed)),
          async query(text, values, { name } = {}) {
            const { command, fields, rowCount, rows } = await client.query<Record<string, unknown>>({
              text,
              types,
              ...(values && { values: [...values] }),
              ...(name && { name }),
            })
            const named = fields.map(({ name, dataTypeID: dataTypeId }) => ({ name, dataTypeId }))
            return { command, fields: named, rowCount, rows } as DriverQueryResult
          },
          stream: () => {
            throw new Error('Streams are not made here')
          },
          // What is amid a transaction is closed.
          end: async () => client.off('error', failed).release(client.getTransactionStatus() !== 'I'),
        }
      },
    }
  })
  return { driverFactory, end: () => pool.end() }
}

/** How Slonik reads dates, numbers and the like: it knows types by name. */
async function typesOf(pool: pg.Pool, parsers: readonly DriverTypeParser[]): Promise<pg.CustomTypesConfig> {
  const names = parsers.map(({ name }) => name)
  const { rows } = await pool.query<{ oid: number; typarray: number; typname: string }>(
    'SELECT oid, typarray, typname FROM pg_type WHERE typname = ANY ($1)',
    [names],
  )
  const types = new pg.TypeOverrides()
  for (const { oid, typarray, typname } of rows) {
    const { parse } = parsers.find(({ name }) => name === typname)!
    types.setTypeParser(oid, parse)
    types.setTypeParser(typarray, (text) => parseArray(text).map(parse))
  }
  return types
}
// #endregion
