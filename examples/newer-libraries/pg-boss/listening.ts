// #region
import { setTimeout as sleep } from 'node:timers/promises'
import type { LeasedCredentials } from '@leasepool/core'
import type { Pool, Notification } from 'pg'
import type { Db } from 'pg-boss'

/** What pg-boss takes for `listen`: a connection of the pool, and one of the new user after each rotation, before the old one is closed. */
export function listeningOn(pool: Pool, credentials: LeasedCredentials): NonNullable<Db['listen']> {
  return async (channel, onNotification, onReconnect) => {
    let close: (() => void) | undefined
    let isOver = false
    const heard = ({ payload = '' }: Notification): void => onNotification(payload)

    const listen = async (): Promise<void> => {
      const client = await pool.connect()
      const end = (): void => client.off('notification', heard).off('error', again).release(true)
      client.on('notification', heard).on('error', again)
      await client.query(`LISTEN "${channel}"`).catch((error: unknown) => {
        end()
        throw error
      })
      close?.()
      close = end
      onReconnect() // fetches what was said to nobody
    }
    const untilItDoes = async (): Promise<void> => {
      while (!isOver) {
        try {
          return await listen()
        } catch {
          await sleep(1_000)
        }
      }
    }
    let listening: Promise<void>
    const again = (): unknown => (listening = listening.then(untilItDoes, () => undefined))
    credentials.on('rotated', again)
    await (listening = listen()).catch((error: unknown) => {
      credentials.off('rotated', again)
      throw error
    })
    return {
      async close() {
        isOver = true
        credentials.off('rotated', again)
        await listening
        close?.()
      },
    }
  }
}
// #endregion
