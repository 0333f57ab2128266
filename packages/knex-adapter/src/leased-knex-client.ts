import { cancelRequest, generationOfFailure, leasedClient } from '@leasepool/pg-adapter'
import type { Client } from 'pg'
import type { KnexClient, KnexClientClass, PoolConfig, PoolSettings, Runner, TarnPool } from './knex-members'
import { closingAfterCreate, LeasedTarnPool, type LeasedTarnPoolOptions } from './leased-tarn-pool'
import { releasingOnce } from './stream-release'

/**
 * Where the state of one Knex instance hangs on its config. Not on the client itself: Knex makes the clients of transactions with
 * `Object.create` and copies `config` to them, so own and `#private` fields of a Client subclass are not there.
 */
const STATE = Symbol('leasepool')

interface State {
  pool?: LeasedTarnPool
  /** The driver's client class without leasepool in it. */
  Plain?: new (config?: never) => Client
  /** Told of each client as it is constructed. */
  onClient?: ((client: Client) => void) | undefined
}

/** A Knex client class made from `Base`, whose pool follows the credentials. */
export function leasedKnexClient(Base: KnexClientClass, options: LeasedTarnPoolOptions): KnexClientClass {
  return class LeasedKnexClient extends Base {
    constructor(config: object) {
      super({ ...config, [STATE]: {} })
    }

    override initializeDriver(): void {
      super.initializeDriver()
      const state = stateOf(this)
      const driver = this.driver as { Client: new (config?: never) => Client }
      state.Plain = driver.Client
      this.driver = {
        ...driver,
        Client: watched(
          leasedClient(driver.Client, () => state.pool!.book),
          state,
        ),
      }
    }

    override getPoolSettings(config: PoolConfig | undefined): PoolSettings {
      const settings = super.getPoolSettings(closingAfterCreate(config)) as PoolSettings
      const state = stateOf(this)
      const { max } = settings
      state.pool = new LeasedTarnPool({ ...options, max, Plain: state.Plain!, config: () => settingsOf(this) })
      return state.pool.settings(settings)
    }

    override initializePool(config?: object): void {
      if (this.pool !== undefined) return super.initializePool(config) // says that there is one
      super.initializePool(config)
      if (this.pool !== undefined) stateOf(this).pool?.follow(this.pool as unknown as TarnPool)
    }

    override async acquireRawConnection(): Promise<unknown> {
      try {
        return await acquireOrClose(() => super.acquireRawConnection(), stateOf(this))
      } catch (error) {
        const generation = generationOfFailure(error)
        if (generation === undefined || !(await options.credentials.reportError(error, generation))) throw error
        return acquireOrClose(() => super.acquireRawConnection(), stateOf(this))
      }
    }

    override runner(builder: unknown): Runner {
      return releasingOnce(super.runner(builder))
    }

    /** By the protocol's CancelRequest: `pg_cancel_backend` is refused when another user started the query. */
    override async cancelQuery(connection: object): Promise<void> {
      const { stream } = this.connectionSettings as { stream?: unknown }
      // Knex does not lend a connection again whose query may still run: it needs to know.
      if (!(await cancelRequest(connection as Client, options.clock, stream)))
        throw new Error('The server took no cancel request')
    }

    override async destroy(callback?: (error?: unknown) => void): Promise<void> {
      try {
        await super.destroy()
        await stateOf(this).pool?.end()
        callback?.()
      } catch (error) {
        if (callback === undefined) throw error
        callback(error)
      }
    }
  }
}

/** Where the database is: Knex asks a `connection` function only when it makes its first connection. */
async function settingsOf({ connectionConfigProvider: provide, connectionSettings }: KnexClient): Promise<object> {
  return provide === undefined || provide === null ? connectionSettings : await provide()
}

function stateOf(client: { config: object }): State {
  return (client.config as { [STATE]: State })[STATE]
}

/** Knex prepares a connection after its login (version, search path) and forgets it, open, when that fails. */
async function acquireOrClose(acquire: () => Promise<unknown>, state: State): Promise<unknown> {
  let client: Client | undefined
  state.onClient = (made) => (client = made)
  const acquired = acquire() // constructs the client before it first waits
  state.onClient = undefined
  try {
    return await acquired
  } catch (error) {
    void client?.end()
    throw error
  }
}

function watched(Leased: new (config?: never) => Client, state: State): new (config?: never) => Client {
  return class extends (Leased as new (config?: object) => Client) {
    constructor(config?: object) {
      super(config)
      state.onClient?.(this)
    }
  } as unknown as new (config?: never) => Client
}
