// #region
import { EventEmitter } from 'node:events'
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { run, type WorkerEvents } from 'graphile-worker'
import type { PoolClient } from 'pg'
// #endregion
import type { TaskList } from 'graphile-worker'
import type { Items, Where } from '../../libraries/items'

interface Order {
  readonly id: number
  readonly number: number
}

export async function openItems(credentials: LeasedCredentials, where: Where, owner: string): Promise<Items> {
  const waiting = new Map<number, () => void>()
  const copy = 'WITH found AS (SELECT label FROM item WHERE id = $1 FOR UPDATE) INSERT INTO item (label) SELECT label FROM found'
  const taskList: TaskList = {
    async copy(order, { query }) {
      const { id, number } = order as Order
      await query(copy, [id])
      waiting.get(number)?.()
    },
  }
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials, { assumeRole: owner })
  const events: WorkerEvents = new EventEmitter()
  let listener: PoolClient | undefined
  events.on('pool:listen:success', ({ client }) => (listener = client))
  events.on('pool:listen:release', () => (listener = undefined))
  // It holds one connection for LISTEN: as if that were lost, it gives it back and takes one of the new user.
  const replaced = (): unknown => listener?.emit('error', new Error('Its user was replaced'))
  credentials.on('rotated', replaced)
  const runner = await run({ pgPool: pool, events, taskList, concurrency: 3 })
  // #endregion
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
        runner.addJob('copy', { id, number }).catch(reject)
      })
    },
    async close() {
      await runner.stop()
      credentials.off('rotated', replaced)
      await pool.end()
    },
  }
}
