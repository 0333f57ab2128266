// #region
import { EventEmitter } from 'node:events'
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import pg from 'pg'

/** What Sequelize takes for pg: its client borrows one of a leased pool, and gives it back where Sequelize ends it. */
export function borrowingFrom(credentials: LeasedCredentials, max: number) {
  let pool: pg.Pool | undefined
  class Client extends EventEmitter {
    readonly connection = new EventEmitter()
    readonly #failed = (error: Error): unknown => this.emit('error', error)
    #borrowed: pg.PoolClient | undefined

    constructor(config: pg.PoolConfig) {
      super()
      pool ??= new LeasedPool({ ...config, user: undefined, password: undefined, max }, credentials)
    }
    connect(done: (error?: Error) => void): void {
      pool!.connect((error, client) => {
        this.#borrowed = client?.on('error', this.#failed)
        done(error)
      })
    }
    query(...query: Parameters<pg.PoolClient['query']>) {
      return this.#borrowed!.query(...query)
    }
    end(done: () => void): void {
      const client = this.#borrowed!.off('error', this.#failed)
      client.release(client.getTransactionStatus() !== 'I') // what is amid a transaction is closed
      done()
    }
  }
  return { dialectModule: { ...pg, Client }, end: async () => pool?.end() }
}
// #endregion
