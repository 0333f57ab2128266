import { leasedPool } from '@leasepool/mysql2-adapter'
import { AcquireTimeoutError, type LeasedCredentials } from '@leasepool/core'
import type { Pool, PoolConnection as CallbackConnection } from 'mysql2'
import { createPool, type PoolConnection, type RowDataPacket } from 'mysql2/promise'
import {
  COMMITTED,
  expectCode,
  expectRows,
  GIVEN_UP,
  idle,
  insert,
  IMPATIENT_MAX,
  MAX,
  PATIENCE_MS,
  STREAMED,
  type Operation,
  type Where,
  type Work,
} from './work'

const NUMBERED = `SELECT id FROM item ORDER BY id LIMIT ${STREAMED}`
const BAD = 'SELECT no_such_column FROM item'
const isBad = expectCode('ER_BAD_FIELD_ERROR')

/** On the promise API of mysql2 and on the callback API of the same pool. */
export function mysqlWork(where: Where, credentials: LeasedCredentials): Work {
  const { host, port, impatientPort, database, random } = where
  const pool = leasedPool(createPool({ host, port, database, connectionLimit: MAX }), credentials, { name: 'patient' })
  const impatient = leasedPool(createPool({ host, port: impatientPort, database, connectionLimit: IMPATIENT_MAX }), credentials, {
    name: 'impatient',
    acquireTimeoutMs: PATIENCE_MS,
  })
  for (const each of [pool, impatient]) each.pool.on('connection', (connection) => where.opened(connection))
  const on = (use: (connection: PoolConnection) => Promise<void>) => async (): Promise<void> => {
    const connection = await pool.getConnection()
    try {
      await use(connection)
    } finally {
      connection.release()
    }
  }
  return {
    patient: { ...oneShot(pool), ...onConnection(on, random), ...byCallback(pool.pool, random) },
    impatient: async (use) => {
      const connection = await impatient.getConnection()
      await use()
      connection.release()
    },
    gaveUp: (error) => error instanceof AcquireTimeoutError,
    emitters: [pool, pool.pool, impatient, impatient.pool],
    rows: async (label) => (await pool.query<RowDataPacket[]>('SELECT id FROM item WHERE label = ?', [label]))[0].length,
    end: async () => void (await Promise.all([pool.end(), impatient.end()])),
  }
}

/** A promise connection has no streams of its own. */
function core(connection: PoolConnection): CallbackConnection {
  return connection.connection as unknown as CallbackConnection
}

type PromisePool = ReturnType<typeof createPool>

function oneShot(pool: PromisePool): Record<string, Operation> {
  return {
    query: async () => expectRows((await pool.query<RowDataPacket[]>('SELECT id FROM item WHERE id <= 10'))[0].length, 10),
    'failing query': async () => void (await pool.query(BAD).catch(isBad)),
    'prepared query': async () =>
      expectRows((await pool.execute<RowDataPacket[]>('SELECT label FROM item WHERE id = ?', [7]))[0].length, 1),
    'stream of the pool': async () => {
      let rows = 0
      for await (const _ of pool.pool.query(NUMBERED).stream()) rows += 1
      expectRows(rows, STREAMED)
    },
  }
}

function onConnection(
  on: (use: (connection: PoolConnection) => Promise<void>) => Operation,
  random: () => number,
): Record<string, Operation> {
  return {
    commit: on(async (connection) => {
      await connection.beginTransaction()
      await connection.query(insert(COMMITTED))
      await idle(random)
      await connection.commit()
    }),
    rollback: on(async (connection) => {
      await connection.beginTransaction()
      await connection.query(insert(GIVEN_UP))
      await connection.query(BAD).catch(isBad)
      await connection.rollback()
    }),
    stream: on(async (connection) => {
      let rows = 0
      for await (const _ of core(connection).query(NUMBERED).stream()) rows += 1
      expectRows(rows, STREAMED)
    }),
    'half a stream': on(async (connection) => {
      let rows = 0
      for await (const _ of core(connection).query(NUMBERED).stream()) if ((rows += 1) === 30) break
      expectRows(rows, 30)
    }),
    'acquire and idle': on(() => idle(random)),
    'prepared on a connection': on(async (connection) => {
      for (const id of [1, 2, 3]) {
        const [rows] = await connection.execute<RowDataPacket[]>('SELECT label FROM item WHERE id = ?', [id])
        expectRows(rows.length, 1)
      }
    }),
    destroy: on(async (connection) => {
      await connection.query('SELECT 1')
      connection.destroy()
    }),
    'destroy in a transaction': on(async (connection) => {
      await connection.beginTransaction()
      await connection.query(insert(GIVEN_UP))
      connection.destroy()
    }),
    'destroy in a stream': on(async (connection) => {
      for await (const _ of core(connection).query(NUMBERED).stream()) break
      connection.destroy()
    }),
  }
}

function byCallback(pool: Pool, random: () => number): Record<string, Operation> {
  const on = (use: (connection: CallbackConnection, done: (error: Error | null) => void) => void) => (): Promise<void> =>
    new Promise((resolve, reject) => {
      pool.getConnection((error, connection) => {
        if (error) return reject(error)
        use(connection, (failure) => {
          connection.release()
          if (failure) reject(failure)
          else resolve()
        })
      })
    })
  return {
    'query by callback': () =>
      new Promise((resolve, reject) => pool.query('SELECT 1', (error) => (error ? reject(error) : resolve()))),
    'failing query by callback': () =>
      new Promise((resolve, reject) =>
        pool.query(BAD, (error) =>
          error?.code === 'ER_BAD_FIELD_ERROR' ? resolve() : reject(error ?? new Error('It did not fail')),
        ),
      ),
    'prepared by callback': on((connection, done) =>
      connection.execute('SELECT label FROM item WHERE id = ?', [7], (error) => done(error)),
    ),
    'idle by callback': on((connection, done) => {
      void idle(random).then(() => void connection.query('SELECT 1', (error) => done(error)))
    }),
  }
}
