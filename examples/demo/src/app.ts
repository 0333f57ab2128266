import type { LeasedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import knex, { type Knex } from 'knex'
import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_CONNECTIONS } from './limits'
import type { Tally } from './tally'

/** Ordinary Knex code. Resolves with the number of queries it made. */
type Work = (db: Knex) => Promise<number>

/** 32 callers share 10 connections, of which never more than 4 are in long transactions: the rest keeps moving. */
const CALLERS: readonly { readonly count: number; readonly work: Work; readonly pauseMs: number }[] = [
  { count: 14, work: read, pauseMs: 40 },
  { count: 10, work: write, pauseMs: 60 },
  { count: 4, work: stream, pauseMs: 200 },
  { count: 4, work: longTransaction, pauseMs: 500 },
]

/** Longer than a lease's ttl: each needs its lease renewed, and many outlive the credential that they began with. */
const TRANSACTION_MS = 3_000

/**
 * An app on Knex; its first line is all that it knows of leasepool. From `ending` on no caller starts anything new. Resolves when
 * all of them have finished what they had begun, and every connection is closed.
 */
export async function runApp(
  connection: Knex.PgConnectionConfig,
  credentials: LeasedCredentials,
  tally: Tally,
  ending: AbortSignal,
): Promise<void> {
  const db = knex(leasedKnex({ client: 'pg', connection, pool: { min: 0, max: MAX_CONNECTIONS } }, credentials))

  const callers = CALLERS.flatMap(({ count, work, pauseMs }) =>
    Array.from({ length: count }, () => call(() => work(db), pauseMs, tally, ending)),
  )
  await Promise.all(callers)
  await db.destroy()
}

async function read(db: Knex): Promise<number> {
  await db('item').where({ id: anyId() }).first()
  return 1
}

async function write(db: Knex): Promise<number> {
  await db('item').where({ id: anyId() }).increment('changes')
  return 1
}

async function stream(db: Knex): Promise<number> {
  let rows = 0
  for await (const _ of db('item').select('id', 'label').stream()) rows += 1
  if (rows !== 1_000) throw new Error(`A stream ended after ${rows} of 1000 rows`)
  return 1
}

async function longTransaction(db: Knex): Promise<number> {
  await db.transaction(async (trx) => {
    const [row] = await trx('journal').insert({ entry: 'begun' }).returning<{ id: number }[]>('id')
    await sleep(TRANSACTION_MS)
    await trx('journal').where({ id: row!.id }).update({ entry: 'done' })
  })
  return 2
}

/** Works again and again, with a pause in between, until the app ends. */
async function call(work: () => Promise<number>, pauseMs: number, tally: Tally, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    try {
      tally.ran(await work())
    } catch (error) {
      tally.failedWith(error)
    }
    await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal: ending }).catch(() => undefined)
  }
}

function anyId(): number {
  return 1 + Math.floor(Math.random() * 1_000)
}
