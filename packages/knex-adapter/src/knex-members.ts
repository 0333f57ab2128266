import { OptionError } from '@leasepool/core'

/**
 * The members of Knex and tarn that we override or listen to, as far as their types do not say it. All are public in Knex's own
 * type declarations or in tarn's README; none is private. Checked on Knex 3.0.1, 3.1.0, 3.2.10 and 3.3.0 with tarn 3.1.2. A class
 * or a pool without them is refused, by name.
 */
export interface PoolSettings {
  readonly max: number
  /** tarn's own default is 30 s. */
  readonly createTimeoutMillis?: number
  create(): Promise<object>
  destroy(connection: object): unknown
  validate(connection: object): boolean | Promise<boolean>
}

export interface PoolConfig {
  readonly afterCreate?: (connection: object, done: (error?: Error | null, connection?: unknown) => void) => void
  readonly [option: string]: unknown
}

/** https://github.com/vincit/tarn.js#usage */
export interface TarnPool {
  on(event: 'acquireSuccess', listener: (eventId: number, resource: object) => void): void
  on(event: 'acquireFail', listener: (eventId: number, error: Error) => void): void
  on(event: 'release', listener: (resource: object) => void): void
  /** `false`: it was not borrowed. */
  release(resource: object): boolean
}

export type KnexClientClass = new (config: object) => KnexClient

export interface KnexClient {
  readonly config: object
  /** `undefined` as long as the config's `connection` is a function that was not asked yet. */
  readonly connectionSettings?: object
  /** The config's `connection` where that is a function. */
  readonly connectionConfigProvider?: (() => object | Promise<object>) | null
  /** Whether that is to be asked again. */
  readonly connectionConfigExpirationChecker?: (() => boolean) | null
  driver: unknown
  readonly pool: unknown
  initializeDriver(): void
  getPoolSettings(config: PoolConfig | undefined): PoolSettings
  initializePool(config?: object): void
  acquireRawConnection(): Promise<unknown>
  destroyRawConnection(connection: object): Promise<unknown>
  acquireConnection(): Promise<unknown>
  releaseConnection(connection: unknown): Promise<void>
  runner(builder: unknown): Runner
  cancelQuery(connection: object): Promise<unknown>
  destroy(callback?: (error?: unknown) => void): Promise<void>
}

/** What runs one query or stream; made by `client.runner`. */
export interface Runner {
  client: KnexClient
  stream(...args: unknown[]): unknown
}

const MEMBERS = [
  'initializeDriver',
  'getPoolSettings',
  'initializePool',
  'acquireRawConnection',
  'destroyRawConnection',
  'acquireConnection',
  'releaseConnection',
  'runner',
  'cancelQuery',
  'destroy',
] as const satisfies readonly (keyof KnexClient)[]

/** Throws `OptionError` for a client class that lacks what {@link KnexClient} says. */
export function checkClientClass({ prototype }: KnexClientClass): void {
  const missing = MEMBERS.filter((name) => typeof (prototype as KnexClient)[name] !== 'function')
  if (missing.length > 0)
    throw new OptionError('leasedKnex.client', 'a client class of Knex 3', `one without ${missing.join(' and ')}`)
}

/** The pool that a client has made, and whether with its own `getPoolSettings`. Throws `OptionError` when it is not Knex's. */
export function tarnPool(pool: object, isOfSettings: boolean): TarnPool {
  const { on, release } = pool as Partial<TarnPool>
  if (isOfSettings && typeof on === 'function' && typeof release === 'function') return pool as TarnPool
  throw new OptionError('leasedKnex.client', "a client class with Knex's own pool", 'one with another pool')
}
