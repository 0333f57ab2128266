import { LedgerPool, TimeLimit, type ConnectionDriver, type LeasedCredentials, type LeasedPoolSettings } from '@leasepool/core'
import type { ConnectionBook, LeasedDriver } from './dialect'
import type { PoolConfig, PoolSettings, TarnPool } from './knex-members'

/** How long tarn waits for a new connection when nothing else is said, in ms: `createTimeoutMillis`. */
const CREATE_MS = 30_000

export interface LeasedTarnPoolOptions {
  readonly credentials: LeasedCredentials
  readonly settings: LeasedPoolSettings
}

/**
 * What keeps Knex's own pool (tarn) in step with the ledger, without touching what is tarn's: a connection that must go is closed
 * where it lies, and tarn finds out when it validates it, which it does before every lend.
 */
export class LeasedTarnPool {
  readonly #options: LeasedTarnPoolOptions
  readonly #driver: LeasedDriver
  readonly #leased: LedgerPool<object>
  readonly #connections = new WeakMap<object, object>()
  #detach: (() => void) | undefined
  #createMs = CREATE_MS
  /** What is being made: its time limit. */
  readonly #creating = new WeakMap<object, TimeLimit>()
  #pool: TarnPool | undefined
  /** Passed validation and not handed to anybody yet. */
  readonly #validated = new Set<object>()

  constructor(options: LeasedTarnPoolOptions & { max: number; driver: LeasedDriver; where: () => Promise<object> }) {
    const { credentials, settings, max, driver } = options
    this.#options = options
    this.#driver = driver
    this.#leased = new LedgerPool({ settings, max, driver: this.#takingBack(driver.connections(options.where)) })
    this.book = { ledger: this.#leased.ledger, credentials, clock: settings.clock, connectTimeoutMs: 0 }
  }

  /** For the pool's connections. */
  readonly book: ConnectionBook

  /** tarn's settings, with the ledger in between. */
  settings(settings: PoolSettings): PoolSettings {
    this.#createMs = settings.createTimeoutMillis ?? CREATE_MS
    return {
      ...settings,
      create: async () => {
        const connection = await settings.create()
        this.created(connection)
        const key = this.#driver.keyOf(connection)
        this.#connections.set(key, connection)
        this.#leased.ledger.opened(key)
        return connection
      },
      validate: (connection) => this.#validate(connection, settings),
    }
  }

  /**
   * A connection begins to log in. tarn stops waiting for it after `createTimeoutMillis` and forgets it; a server that never answers would keep
   * its socket, and its slot, for ever.
   */
  creating(connection: object): void {
    const limit = new TimeLimit(this.#options.settings.clock, this.#createMs)
    this.#creating.set(connection, limit)
    void limit.passed.then(() => this.#driver.cut(connection))
  }

  /** It is made, or given up. */
  created(connection: object): void {
    this.#creating.get(connection)?.clear()
  }

  /** Follows what tarn says it does, and the credentials. */
  follow(pool: TarnPool): void {
    this.#pool = pool
    this.#detach = this.#options.credentials.attach(this.#leased)
    pool.on('acquireSuccess', (_, connection) => void this.#validated.delete(this.#driver.keyOf(connection)))
    pool.on('release', (connection) => this.#giveBack(this.#driver.keyOf(connection)))
    // Whoever asked has gone while the connection was validated: tarn keeps it as free, in a later turn.
    pool.on('acquireFail', () => void this.#options.settings.clock.sleep(0).then(() => this.#takeBackUndelivered()))
  }

  /** Called where the app asks; what it gives goes to {@link lentTo} with the connection. */
  askedHere(): Error | undefined {
    return this.#leased.askedHere()
  }

  lentTo(connection: object, askedAt: Error | undefined): void {
    if (askedAt !== undefined) this.#leased.ledger.lentTo(this.#driver.keyOf(connection), askedAt)
  }

  /** Closes a connection, if it is not closing. */
  retire(connection: object): void {
    this.#leased.ledger.retire(this.#driver.keyOf(connection))
  }

  /** Resolves when every socket is closed. */
  async end(): Promise<void> {
    await this.#leased.end()
    this.#detach?.()
  }

  /** Who borrowed what is cut may never give it back, and others wait for its place. */
  #takingBack(driver: ConnectionDriver<object>): ConnectionDriver<object> {
    return {
      ...driver,
      forceClose: async (key, ledger) => {
        await driver.forceClose(key, ledger)
        ledger.closing(key)
        const connection = this.#connections.get(key)
        if (connection !== undefined) this.#pool?.release(connection)
      },
    }
  }

  #giveBack(key: object): void {
    const { ledger } = this.#leased
    if (this.#driver.isSuspect(key)) ledger.retire(key)
    else ledger.giveBack(key)
  }

  async #validate(connection: object, settings: PoolSettings): Promise<boolean> {
    const { ledger } = this.#leased
    const key = this.#driver.keyOf(connection)
    const lent = ledger.lend(key)
    if (lent === 'refused') return false
    const passed = (await settings.validate(connection)) && (lent === 'lent' || (await this.#ping(key)))
    if (passed) this.#validated.add(key)
    else ledger.retire(key)
    return passed
  }

  async #ping(key: object): Promise<boolean> {
    const result = await this.#driver.ping(key, this.#options.settings.pingTimeoutMs)
    if (result === 'passed') return true
    this.#leased.ledger.pingFailed(key, result === 'silent' ? 'cut' : 'goodbye')
    return false
  }

  #takeBackUndelivered(): void {
    for (const key of this.#validated) this.#leased.ledger.giveBack(key)
    this.#validated.clear()
  }
}

/** A pool config whose connections are closed when the app's `afterCreate` refuses them; Knex itself forgets them open. */
export function closingAfterCreate(config: PoolConfig | undefined, close: (connection: object) => void): PoolConfig | undefined {
  const { afterCreate } = config ?? {}
  if (afterCreate === undefined) return config
  return {
    ...config,
    afterCreate: (connection, done) =>
      afterCreate(connection, (error, result) => {
        if (error) close(connection)
        done(error, result)
      }),
  }
}
