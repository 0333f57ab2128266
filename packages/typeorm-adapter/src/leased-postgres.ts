import type { LeasedCredentials, LeasedPoolOptions } from '@leasepool/core'
import { leasedPoolClass, whenDone } from '@leasepool/pg-adapter/clients'
import type * as pg from 'pg'
import { opened, type Closable } from './close-data-source'
import { MASTER } from './node-credentials'
import { lendFirst } from './session-listeners'

type Lend = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: unknown) => void) => void

/** pg's module with a `Pool` that logs in with the credentials of the node whose name is its `user`. */
export function leasedPostgres(
  module: typeof pg,
  credentialsOf: (node: string) => LeasedCredentials,
  leased: LeasedPoolOptions,
  slaveCount: number,
): object {
  const driver: Record<string, unknown> = { ...module, native: undefined } // else TypeORM would take pg-native's pool, where that is installed
  let group = new Set<Closable>()
  driver['Pool'] = class LeasedDataSourcePool extends leasedPoolClass(module) implements Closable {
    /** Pools of the same `initialize()`: when one of them cannot connect at all, TypeORM forgets the others. */
    readonly #group: Set<Closable>
    readonly #forget: () => void
    #isProven = false
    #ended: Promise<void> | undefined

    constructor({ user: node = MASTER, ...options }: pg.PoolConfig) {
      const name = leased.name ?? options.database
      const named = slaveCount > 0 && name !== undefined ? { name: `${name}:${node}` } : {}
      super({ Client: module.Client, ...options }, credentialsOf(node), { ...leased, ...named })
      this.#group = group.add(this)
      if (node === MASTER) group = new Set() // it comes last
      this.#forget = opened(driver, this)
    }

    override connect(): Promise<pg.PoolClient>
    override connect(callback: Lend): void
    override connect(callback?: Lend): Promise<pg.PoolClient> | void {
      if (callback === undefined) return super.connect()
      super.connect((error: Error | undefined, client, release) => {
        if (error || client === undefined) {
          if (!this.#isProven) for (const pool of this.#group) void pool.close()
          return callback(error, client, release)
        }
        // `destroy()` of a data source releases what is in use, and ends the pool: queries in flight finish first.
        const lend = (): void => callback(error, client, (cause) => (cause ? release(cause) : whenDone(client, () => release())))
        if (this.#isProven) return lend()
        this.#isProven = true
        lendFirst(this, client, lend)
      })
    }

    override end(): Promise<void>
    override end(callback: () => void): void
    override end(callback?: (error?: Error) => void): Promise<void> | void {
      this.#ended ??= super.end().finally(this.#forget)
      if (callback === undefined) return this.#ended
      this.#ended.then(() => callback(), callback)
    }

    close(): Promise<void> {
      return this.end().catch(() => undefined)
    }
  }
  return driver
}
