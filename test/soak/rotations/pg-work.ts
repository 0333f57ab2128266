import { LeasedPool } from '@leasepool/pg-adapter'
import type { LeasedCredentials } from '@leasepool/core'
import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
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
/** The words of pg and pg-pool: waiting for a connection that is borrowed, and logging in. */
const TIMED_OUT = [
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'timeout expired',
]

export function pgWork(where: Where, credentials: LeasedCredentials): Work {
  const { host, port, impatientPort, database, random } = where
  const pool = new LeasedPool({ host, port, database, max: MAX }, credentials, { name: 'patient' })
  const impatient = new LeasedPool(
    { host, port: impatientPort, database, max: IMPATIENT_MAX, connectionTimeoutMillis: PATIENCE_MS },
    credentials,
    { name: 'impatient' },
  )
  for (const each of [pool, impatient]) {
    each.on('error', () => undefined)
    each.on('connect', where.opened)
  }
  const on = (use: (client: PoolClient) => Promise<Error | boolean | void>) => (): Promise<void> => borrowed(pool, use)
  return {
    patient: { ...oneShot(pool), ...onClient(on, random) },
    impatient: (use) => borrowed(impatient, use),
    gaveUp: (error) => error instanceof Error && TIMED_OUT.includes(error.message),
    emitters: [pool, impatient],
    rows: async (label) => (await pool.query('SELECT id FROM item WHERE label = $1', [label])).rows.length,
    end: async () => void (await Promise.all([pool.end(), impatient.end()])),
  }
}

/** Borrows, and gives back as `use` says: what it resolves with is what `release` is given. */
async function borrowed(pool: LeasedPool, use: (client: PoolClient) => Promise<Error | boolean | void>): Promise<void> {
  const client = await pool.connect()
  const before = client.listenerCount('error')
  let result: Error | boolean | void = true
  try {
    result = await use(client)
  } finally {
    client.release(result ?? false)
  }
  if (before > 5) throw new Error(`A client has ${before} listeners for errors`)
}

function oneShot(pool: LeasedPool): Record<string, Operation> {
  return {
    query: async () => expectRows((await pool.query('SELECT id FROM item WHERE id <= 10')).rows.length, 10),
    'query by callback': () =>
      new Promise((resolve, reject) => pool.query('SELECT 1', (error) => (error ? reject(error) : resolve()))),
    'failing query': async () => void (await pool.query('SELECT no_such_column FROM item').catch(expectCode('42703'))),
    'prepared query': async () =>
      expectRows((await pool.query({ name: 'by-id', text: 'SELECT label FROM item WHERE id = $1', values: [7] })).rows.length, 1),
  }
}

function onClient(
  on: (use: (client: PoolClient) => Promise<Error | boolean | void>) => Operation,
  random: () => number,
): Record<string, Operation> {
  return {
    commit: on(async (client) => {
      await client.query('BEGIN')
      await client.query(insert(COMMITTED))
      await idle(random)
      await client.query('COMMIT')
    }),
    rollback: on(async (client) => {
      await client.query('BEGIN')
      await client.query(insert(GIVEN_UP))
      await client.query('SELECT no_such_column FROM item').catch(expectCode('42703'))
      await client.query('ROLLBACK')
    }),
    stream: on(async (client) => {
      let rows = 0
      for await (const _ of client.query(new QueryStream(NUMBERED, [], { batchSize: 50 }))) rows += 1
      expectRows(rows, STREAMED)
    }),
    'half a stream': on(async (client) => {
      let rows = 0
      for await (const _ of client.query(new QueryStream(NUMBERED, [], { batchSize: 20 }))) if ((rows += 1) === 30) break
      expectRows(rows, 30)
    }),
    cursor: on(async (client) => {
      const cursor = client.query(new Cursor<{ id: number }>(NUMBERED))
      expectRows((await cursor.read(10)).length, 10)
      expectRows((await cursor.read(20)).length, 20)
      await cursor.close()
    }),
    'acquire and idle': on(() => idle(random)),
    'prepared on a client': on(async (client) => {
      for (const id of [1, 2, 3]) {
        const { rows } = await client.query({ name: 'by-id', text: 'SELECT label FROM item WHERE id = $1', values: [id] })
        expectRows(rows.length, 1)
      }
    }),
    'release(error)': on(async (client) => {
      await client.query('SELECT 1')
      return new Error('The app does not trust it')
    }),
    'release(true)': on(async () => true),
    'release(true) in a transaction': on(async (client) => {
      await client.query('BEGIN')
      await client.query(insert(GIVEN_UP))
      return true
    }),
  }
}
