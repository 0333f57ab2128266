// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { PgBoss } from 'pg-boss'
import { listeningOn } from './listening'
// #endregion
import type { Job } from 'pg-boss'
import type { Items, Where } from '../../libraries/items'

interface Order {
  readonly id: number
  readonly number: number
}

export async function openItems(credentials: LeasedCredentials, where: Where, owner: string): Promise<Items> {
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials, { assumeRole: owner })
  const listen = listeningOn(pool, credentials)
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values), listen }, useListenNotify: true })
  // #endregion
  const errors: Error[] = []
  boss.on('error', (error) => errors.push(error))
  await boss.start()
  await boss.createQueue('copy', { notify: true })

  const waiting = new Map<number, () => void>()
  const work = async ({ data: { id, number } }: Job<Order>): Promise<void> => {
    await pool.query(
      'WITH found AS (SELECT label FROM item WHERE id = $1 FOR UPDATE) INSERT INTO item (label) SELECT label FROM found',
      [id],
    )
    waiting.get(number)?.()
  }
  // Polls every 30 s: what is done sooner, a notification brought.
  for (let workers = 0; workers < 3; workers++)
    await boss.work<Order>('copy', { batchSize: 16 }, (jobs) => Promise.all(jobs.map(work)))

  let last = 0
  return {
    async label(id) {
      const { rows } = await pool.query<{ label: string }>('SELECT label FROM item WHERE id = $1', [id])
      return rows[0]!.label
    },
    /** Resolves when a worker has done it. */
    copy(id) {
      const number = (last += 1)
      return new Promise((resolve, reject) => {
        waiting.set(number, resolve)
        boss.send('copy', { id, number }).catch(reject)
      })
    },
    async close() {
      await boss.stop({ graceful: true })
      await pool.end()
      if (errors.length > 0) throw new AggregateError(errors)
    },
  }
}
