// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import PgBoss from 'pg-boss'
// #endregion
import type { Items, Where } from '../items'

interface Order {
  readonly id: number
  readonly number: number
}

export async function openItems(credentials: LeasedCredentials, where: Where, owner: string): Promise<Items> {
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials, { assumeRole: owner })
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) } })
  // #endregion
  const errors: Error[] = []
  boss.on('error', (error) => errors.push(error))
  await boss.start()
  await boss.createQueue('copy')

  const waiting = new Map<number, () => void>()
  const work = async ({ data: { id, number } }: PgBoss.Job<Order>): Promise<void> => {
    await pool.query(
      'WITH found AS (SELECT label FROM item WHERE id = $1 FOR UPDATE) INSERT INTO item (label) SELECT label FROM found',
      [id],
    )
    waiting.get(number)?.()
  }
  const often = { batchSize: 16, pollingIntervalSeconds: 0.5 }
  for (let workers = 0; workers < 3; workers++) await boss.work<Order>('copy', often, (jobs) => Promise.all(jobs.map(work)))

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
      await boss.stop({ graceful: true, wait: true })
      await pool.end()
      if (errors.length > 0) throw new AggregateError(errors)
    },
  }
}
