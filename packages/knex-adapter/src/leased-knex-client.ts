import type { Dialect, LeasedDriver } from './dialect'
import { tarnPool, type KnexClient, type KnexClientClass, type PoolConfig, type PoolSettings, type Runner } from './knex-members'
import { closingAfterCreate, LeasedTarnPool, type LeasedTarnPoolOptions } from './leased-tarn-pool'
import { releasingOnce } from './stream-release'

/**
 * Where the state of one Knex instance hangs on its config. Not on the client itself: Knex makes the clients of transactions with
 * `Object.create` and copies `config` to them, so own and `#private` fields of a Client subclass are not there.
 */
const STATE = Symbol('leasepool')

interface State {
  pool?: LeasedTarnPool
  driver?: LeasedDriver
  /** Told of each connection as it is constructed. */
  onMade?: ((connection: object) => void) | undefined
}

/** A Knex client class made from `Base`, whose pool follows the credentials. */
export function leasedKnexClient(Base: KnexClientClass, dialect: Dialect, options: LeasedTarnPoolOptions): KnexClientClass {
  return class LeasedKnexClient extends Base {
    constructor(config: object) {
      super({ ...config, [STATE]: {} })
    }

    override initializeDriver(): void {
      super.initializeDriver()
      const state = stateOf(this)
      state.driver = dialect.lease(this.driver as object, {
        book: () => state.pool!.book,
        settings: options.settings,
        made: (connection) => state.onMade?.(connection),
      })
      this.driver = state.driver.module
    }

    override getPoolSettings(config: PoolConfig | undefined): PoolSettings {
      const state = stateOf(this)
      const driver = state.driver!
      const settings = super.getPoolSettings(
        closingAfterCreate(config, (connection) => driver.discard(connection)),
      ) as PoolSettings
      const { max } = settings
      state.pool = new LeasedTarnPool({ ...options, max, driver, where: () => settingsOf(this) })
      return state.pool.settings(settings)
    }

    override initializePool(config?: object): void {
      if (this.pool !== undefined) return super.initializePool(config) // says that there is one
      super.initializePool(config)
      const { pool } = stateOf(this)
      const made = this.pool as object | undefined
      if (made === undefined) return
      const tarn = tarnPool(made, pool !== undefined)
      pool!.follow(tarn)
    }

    override async acquireRawConnection(): Promise<unknown> {
      const state = stateOf(this)
      const { assumeRole: role } = options.settings
      try {
        return await acquireOrClose(() => super.acquireRawConnection(), state, role)
      } catch (error) {
        const generation = state.driver!.generationOfFailure(error) ?? unprepared.get(error as object)
        if (generation === undefined || !(await options.credentials.reportError(error, generation))) throw error
        return acquireOrClose(() => super.acquireRawConnection(), state, role)
      }
    }

    /** tarn closes what it does not keep. */
    override destroyRawConnection(connection: object): Promise<unknown> {
      stateOf(this).pool?.retire(connection)
      return super.destroyRawConnection(connection)
    }

    override async acquireConnection(): Promise<unknown> {
      const { pool } = stateOf(this)
      const askedAt = pool?.askedHere()
      const connection = await super.acquireConnection()
      pool?.lentTo(connection as object, askedAt)
      return connection
    }

    override runner(builder: unknown): Runner {
      return releasingOnce(super.runner(builder))
    }

    /** Knex does not lend a connection again whose query may still run: a rejection tells it so. */
    override cancelQuery(connection: object): Promise<void> {
      return stateOf(this).driver!.cancel(connection)
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

/** Where the database is: a `connection` function is asked when Knex would ask it, for its first connection and where the answer has expired. */
async function settingsOf(client: KnexClient): Promise<object> {
  const { connectionConfigProvider: provide, connectionSettings: known } = client
  if (provide === undefined || provide === null) return known!
  return known === undefined || client.connectionConfigExpirationChecker?.() === true ? provide() : known
}

function stateOf(client: { config: object }): State {
  return (client.config as { [STATE]: State })[STATE]
}

/** Knex prepares a connection after its login (version, search path), as we do, and forgets it, open, when that fails. */
async function acquireOrClose(acquire: () => Promise<unknown>, state: State, role: string | undefined): Promise<unknown> {
  let connection: object | undefined
  state.onMade = (made) => {
    connection = made
    state.pool?.creating(made)
  }
  const acquired = acquire() // constructs the connection before it first waits
  state.onMade = undefined
  try {
    const ready = await acquired
    if (role !== undefined) await state.driver!.assumeRole(ready as object, role)
    return ready
  } catch (error) {
    if (connection !== undefined) {
      noteUnprepared(error, state.driver!.generationOf(connection))
      state.pool?.created(connection)
      state.driver!.discard(connection)
    }
    throw error
  }
}

/** With which generation a connection had logged in that failed with this error while Knex, or we, prepared it. */
const unprepared = new WeakMap<object, number>()

function noteUnprepared(error: unknown, generation: number | undefined): void {
  if (typeof error === 'object' && error !== null && generation !== undefined) unprepared.set(error, generation)
}
