import {
  checkOptions,
  leasedPoolOptionRules,
  leasedPoolSettings,
  LedgerPool,
  type ConnectionLedger,
  type LeasedCredentials,
  type LeasedPoolOptions,
  type LeasedPoolSettings,
} from '@leasepool/core'
import type { Client, Pool, PoolClient, PoolConfig } from 'pg'
import { Answer, type Lend } from './answer'
import { withoutLogin } from './connection-config'
import { farewellAfter, pgDriver, ping } from './driver'
import { generationOfFailure, leasedClient, type ClientBook } from './leased-client'
import { privatePool } from './private-members'

/** The parts of `pg` that a leased pool is made from. */
export interface PgModule {
  readonly Pool: typeof Pool
  readonly Client: typeof Client
}

export type LeasedPoolClass = new (options: PoolConfig, credentials: LeasedCredentials, leasedOptions?: LeasedPoolOptions) => Pool

/** By the client class of a module, and what was made from it. */
const classes = new WeakMap<object, { readonly Pool: object; readonly made: LeasedPoolClass }[]>()

/**
 * `LeasedPool` made from the `pg` that is handed in, for libraries that look whether a pool is an instance of their own copy of it.
 * The same class each time.
 */
export function leasedPoolClass(pg: PgModule): LeasedPoolClass {
  const known = classes.get(pg.Client) ?? []
  const same = known.find(({ Pool }) => Pool === pg.Pool)
  if (same !== undefined) return same.made
  const made = classOf(pg)
  classes.set(pg.Client, [...known, { Pool: pg.Pool, made }])
  return made
}

function classOf(pg: PgModule): LeasedPoolClass {
  return class LeasedPool extends pg.Pool {
    readonly #leased: LedgerPool<Client>
    readonly #credentials: LeasedCredentials
    readonly #settings: LeasedPoolSettings
    readonly #detach: () => void
    /** A client on its way back to pg-pool, which itself takes it out of its list when it has ended. */
    #returning: Client | undefined
    /** Gives back to pg-pool what was cut, in place of a borrower who may never do so: others wait for its place. */
    readonly #takeBack = new WeakMap<Client, () => void>()
    #waiting = 0
    #served: (() => void) | undefined
    #isClosing = false

    /** Throws `OptionError`. */
    constructor(options: PoolConfig, credentials: LeasedCredentials, leasedOptions: LeasedPoolOptions = {}) {
      checkOptions('LeasedPool', leasedOptions, leasedPoolOptionRules)
      const config = withoutLogin('LeasedPool', options)
      const Plain = (options.Client ?? pg.Client) as unknown as new (config?: never) => Client
      const settings = leasedPoolSettings(leasedOptions, config.database ?? 'pg')
      let book: ClientBook | undefined
      super({ ...config, Client: leasedClient(Plain, () => book!) as never })

      const driver = pgDriver({ Plain, config: () => Promise.resolve(config), settings })
      this.#leased = new LedgerPool({ settings, max: this.options.max, driver: this.#driver(driver) })
      book = {
        ledger: this.#leased.ledger,
        credentials,
        clock: settings.clock,
        connectTimeoutMs: options.connectionTimeoutMillis ?? 0,
        assumeRole: settings.assumeRole,
      }
      this.#credentials = credentials
      this.#settings = settings
      this.#detach = credentials.attach(this.#leased)
    }

    /** As in `pg.Pool`; rejects after `end()` was called. */
    override connect(): Promise<PoolClient>
    override connect(callback: Lend): void
    override connect(callback?: Lend): Promise<PoolClient> | void {
      if (callback === undefined) {
        return new this.#Promise((resolve, reject) => this.connect((error, client) => (error ? reject(error) : resolve(client!))))
      }
      if (this.#isClosing)
        return callback(new Error('Cannot use a pool after calling end on the pool'), undefined, () => undefined)
      this.#waiting += 1
      const askedAt = this.#leased.askedHere()
      const { clock } = this.#settings
      const answer = new Answer(clock, this.options.connectionTimeoutMillis ?? 0, (error, client, release) => {
        this.#waiting -= 1
        if (this.#waiting === 0) this.#served?.()
        if (askedAt !== undefined && client !== undefined) this.#leased.ledger.lentTo(client, askedAt)
        callback(error, client, release)
      })
      this.#lend({ pings: this.options.max + 1, logins: 1 }, answer)
    }

    /** Lets nobody new in, serves who waits, waits for what is borrowed, closes everything. Resolves when every socket is closed. */
    override end(): Promise<void>
    override end(callback: () => void): void
    override end(callback?: (error?: Error) => void): Promise<void> | void {
      const done = this.#end()
      if (callback === undefined) return new this.#Promise((resolve, reject) => void done.then(resolve, reject))
      done.then(() => callback(), callback)
    }

    /** pg-pool says here what it does; before it decides about a returned client, the ledger does. */
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event === 'release') this.#return(args[1] as Client, (ledger) => ledger.giveBack(args[1] as Client))
      return super.emit(event, ...args)
    }

    /** The app's own, as in `pg.Pool`. */
    get #Promise(): PromiseConstructor {
      return ((this.options as PoolConfig).Promise ?? Promise) as PromiseConstructor
    }

    async #end(): Promise<void> {
      if (this.#isClosing) throw new Error('Called end on pool more than once')
      this.#isClosing = true
      if (this.#waiting > 0) await new Promise<void>((served) => (this.#served = served))
      await super.end()
      await this.#leased.end()
      this.#detach()
    }

    /** Borrows from pg-pool until it gives a connection that may be lent, with so many failed checks and refused logins allowed. */
    #lend(left: { pings: number; logins: number }, answer: Answer): void {
      const { clock, pingTimeoutMs } = this.#settings
      this.#borrow((error, client, release) => {
        if (error || client === undefined) return this.#failed(left, answer, error, release)
        const again = (): void => {
          release(true)
          if (!answer.isGiven) this.#lend({ ...left, pings: Math.max(0, left.pings - 1) }, answer)
        }
        switch (this.#leased.ledger.lend(client, left.pings > 0)) {
          case 'refused':
            answer.takesLonger()
            return again()
          case 'lent':
            return this.#hand(client, release, answer.give)
          case 'ping':
            answer.takesLonger()
            return void ping(client, clock, pingTimeoutMs).then((result) => {
              if (result === 'passed') return this.#hand(client, release, answer.give)
              this.#return(client, (ledger) => ledger.pingFailed(client, farewellAfter(result)))
              again()
            })
        }
      })
    }

    #failed(left: { pings: number; logins: number }, answer: Answer, error: Error | undefined, release: () => void): void {
      const generation = generationOfFailure(error)
      if (generation === undefined || left.logins === 0) return answer.give(error, undefined, release)
      answer.takesLonger()
      void this.#credentials.reportError(error, generation).then((again) => {
        if (again && !answer.isGiven) this.#lend({ ...left, logins: left.logins - 1 }, answer)
        else answer.give(error, undefined, release)
      })
    }

    /**
     * Gives a client to its borrower. When it comes back and goes, pg-pool hears of it once its socket has ended: before that its place
     * is not free, and whoever asks next would take it before those who wait.
     */
    #hand(client: PoolClient, release: (error?: Error | boolean) => void, done: Lend): void {
      let isReturned = false
      let isTakenBack = false
      this.#takeBack.set(client, () => {
        if (isReturned) return
        isTakenBack = true
        release(true)
      })
      client.release = (error?: Error | boolean): void => {
        if (isReturned) throw new Error('Release called on client which has already been released to the pool.') // as pg-pool says it
        isReturned = true
        if (isTakenBack) return
        if (!error && this.#return(client, (ledger) => ledger.giveBack(client))) return release()
        client.end(() => release(error || true))
      }
      done(undefined, client, client.release as Parameters<Lend>[2])
    }

    /** Also answers when a client cannot even be constructed, for which pg-pool throws. */
    #borrow(done: Lend): void {
      try {
        super.connect(done)
      } catch (error) {
        done(error as Error, undefined, () => undefined)
      }
    }

    #return<T>(client: Client, tell: (ledger: ConnectionLedger<Client>) => T): T {
      this.#returning = client
      try {
        return tell(this.#leased.ledger)
      } finally {
        this.#returning = undefined
      }
    }

    #driver(driver: ReturnType<typeof pgDriver>): ReturnType<typeof pgDriver> {
      return {
        ...driver,
        close: (client, how) => {
          driver.close(client, how)
          // pg-pool does not see that an idle client has ended until it is to be lent, and would count it until then.
          if (client !== this.#returning) privatePool(this)._remove?.(client)
        },
        forceClose: async (client, ledger) => {
          await driver.forceClose(client, ledger)
          this.#takeBack.get(client)?.()
        },
      }
    }
  } as unknown as LeasedPoolClass
}
