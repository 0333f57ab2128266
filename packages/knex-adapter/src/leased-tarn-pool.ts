import { LedgerPool, type Clock, type LeasedCredentials } from '@leasepool/core'
import { farewellAfter, ping, pgDriver, type ClientBook } from '@leasepool/pg-adapter'
import type { Client } from 'pg'
import type { PoolConfig, PoolSettings, TarnPool } from './knex-members'

/** How long a probe waits for a slot of the pool, in ms. */
const PROBE_SLOT_WAIT_MS = 1_000

export interface LeasedTarnPoolOptions {
  readonly credentials: LeasedCredentials
  readonly name: string
  readonly clock: Clock
  readonly pingBypassMs: number
  readonly pingTimeoutMs: number
}

/**
 * What keeps Knex's own pool (tarn) in step with the ledger, without touching what is tarn's: a connection that must go is closed
 * where it lies, and tarn finds out when it validates it, which it does before every lend.
 */
export class LeasedTarnPool {
  readonly #options: LeasedTarnPoolOptions
  readonly #leased: LedgerPool<Client>
  #detach: (() => void) | undefined
  /** Passed validation and not handed to anybody yet. */
  readonly #validated = new Set<Client>()

  constructor(
    options: LeasedTarnPoolOptions & {
      max: number
      Plain: new (config?: never) => Client
      config: () => Promise<object>
    },
  ) {
    const { clock } = options
    this.#options = options
    this.#leased = new LedgerPool({ ...options, probeSlotWaitMs: PROBE_SLOT_WAIT_MS, driver: pgDriver(options) })
    this.book = { ledger: this.#leased.ledger, credentials: options.credentials, clock, connectTimeoutMs: 0 }
  }

  /** For the pool's clients. */
  readonly book: ClientBook

  /** tarn's settings, with the ledger in between. */
  settings(settings: PoolSettings): PoolSettings {
    return {
      ...settings,
      create: async () => {
        const client = await settings.create()
        this.#leased.ledger.opened(client as Client)
        return client
      },
      validate: (client) => this.#validate(client as Client, settings),
    }
  }

  /** Follows what tarn says it does, and the credentials. */
  follow(pool: TarnPool): void {
    const { ledger } = this.#leased
    this.#detach = this.#options.credentials.attach(this.#leased)
    pool.on('acquireSuccess', (_, client) => void this.#validated.delete(client as Client))
    pool.on('release', (client) => void ledger.giveBack(client as Client))
    // Whoever asked has gone while the connection was validated: tarn keeps it as free, in a later turn.
    pool.on('acquireFail', () => void this.#options.clock.sleep(0).then(() => this.#takeBackUndelivered()))
  }

  /** Resolves when every socket is closed. */
  async end(): Promise<void> {
    await this.#leased.end()
    this.#detach?.()
  }

  async #validate(client: Client, settings: PoolSettings): Promise<boolean> {
    const { ledger } = this.#leased
    const lent = ledger.lend(client)
    if (lent === 'refused') return false
    const passed = (await settings.validate(client)) && (lent === 'lent' || (await this.#ping(client)))
    if (passed) this.#validated.add(client)
    else ledger.retire(client)
    return passed
  }

  async #ping(client: Client): Promise<boolean> {
    const result = await ping(client, this.#options.clock, this.#options.pingTimeoutMs)
    if (result === 'passed') return true
    this.#leased.ledger.pingFailed(client, farewellAfter(result))
    return false
  }

  #takeBackUndelivered(): void {
    for (const client of this.#validated) this.#leased.ledger.giveBack(client)
    this.#validated.clear()
  }
}

/** A pool config whose connections are closed when the app's `afterCreate` refuses them; Knex itself forgets them open. */
export function closingAfterCreate(config: PoolConfig | undefined): PoolConfig | undefined {
  const { afterCreate } = config ?? {}
  if (afterCreate === undefined) return config
  return {
    ...config,
    afterCreate: (connection, done) =>
      afterCreate(connection, (error, result) => {
        if (error) void (connection as Client).end()
        done(error, result)
      }),
  }
}
