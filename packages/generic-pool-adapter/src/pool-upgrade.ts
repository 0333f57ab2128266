import { LedgerPool, pinnable, type LeasedCredentials, type LeasedPoolSettings } from '@leasepool/core'
import type { Pool } from 'generic-pool'
import type { ConnectionFactory } from './connection-factory'
import { sessionDriver } from './driver'
import { FailedCreate } from './failed-create'
import { Logins } from './logins'
import type { Session } from './session'

export interface UpgradeOptions {
  readonly settings: LeasedPoolSettings
  /** Checks whatever is lent, however short it was idle. */
  readonly checksAlways: boolean
}

type Stock<T> = Pick<Pool<T>, 'release' | 'destroy' | 'drain'> & {
  acquire(priority?: number): Promise<T>
  use<U>(work: (connection: T) => U | Promise<U>, priority?: number): Promise<U>
}

/**
 * What makes a pool of generic-pool a leased one: its factory, and six of its public methods, on this pool alone. Queue, priorities, time
 * limits, minimum and eviction stay generic-pool's own. It asks the factory before it lends anything (`validate`), and that is where the
 * ledger decides.
 */
export class PoolUpgrade<T extends object> {
  readonly #pool: Pool<T>
  readonly #stock: Stock<T>
  readonly #credentials: LeasedCredentials
  readonly #options: UpgradeOptions
  readonly #leased: LedgerPool<Session<T>>
  readonly #sessions = new WeakMap<T, Session<T>>()
  readonly #checking = new Set<Session<T>>()
  /** Cut while they were borrowed, and not given back yet. */
  readonly #takenBack = new WeakSet<T>()
  readonly #logins: Logins<T>
  readonly #detach: () => void
  #isDraining = false
  #isDrained = false
  #isCleared = false
  #ending: Promise<void> | undefined

  constructor(pool: Pool<T>, factory: ConnectionFactory<T>, credentials: LeasedCredentials, options: UpgradeOptions) {
    this.#pool = pool
    this.#credentials = credentials
    this.#options = options
    const { settings } = options
    const cut = (connection: T): void => this.#takeBack(connection)
    this.#leased = new LedgerPool({ settings, max: pool.max, driver: sessionDriver({ settings, pool, factory, cut }) })
    this.#logins = new Logins({
      pool,
      ledger: this.#leased.ledger,
      factory,
      credentials,
      clock: settings.clock,
      opened: (session, connection) => {
        this.#sessions.set(connection, session)
        pinnable(connection, () => this.#leased.ledger.pin(session))
        this.#unlessBorrowed(session)
      },
    })
    this.#stock = {
      acquire: pool.acquire.bind(pool),
      release: pool.release.bind(pool),
      destroy: pool.destroy.bind(pool),
      drain: pool.drain.bind(pool),
      use: pool.use.bind(pool),
    }
    this.#detach = credentials.attach(this.#leased)
    pool.acquire = (priority) => this.#acquire(priority)
    pool.release = (connection) => this.#release(connection)
    pool.destroy = (connection) => (this.#takenBack.delete(connection) ? Promise.resolve() : this.#stock.destroy(connection))
    pool.drain = () => this.#drain()
    pool.clear = () => this.#clear()
    // What throws, or returns no promise, would keep its connection for ever.
    const use: Stock<T>['use'] = (work, priority) => this.#stock.use(async (connection) => work(connection), priority)
    pool.use = use
  }

  /** For the factory of the pool. */
  create(): Promise<T> {
    return this.#logins.create()
  }

  /** For the factory of the pool: whether it may be lent, which it is in the same turn. */
  async validate(connection: T): Promise<boolean> {
    if (connection instanceof FailedCreate) return connection.isOnItsWay
    const session = this.#sessions.get(connection)!
    const lent = this.#leased.ledger.lend(session)
    if (lent === 'refused') return false
    return lent === 'lent' && !this.#options.checksAlways ? true : this.#check(session)
  }

  /** For the factory of the pool. Settles when the socket has ended. */
  destroy(connection: T): Promise<void> {
    const session = this.#sessions.get(connection)
    if (session === undefined) return Promise.resolve() // it stood in for one
    this.#leased.ledger.retire(session)
    return session.close('goodbye')
  }

  async #check(session: Session<T>): Promise<boolean> {
    this.#checking.add(session)
    const { result, error } = await session.check(this.#options.settings.pingTimeoutMs)
    this.#checking.delete(session)
    if (result === 'passed') {
      this.#unlessBorrowed(session)
      return true
    }
    this.#leased.ledger.pingFailed(session, result === 'silent' ? 'cut' : 'goodbye')
    void this.#credentials.reportError(error, session.login.generation)
    return false
  }

  /** It lies there idle when it was made for `min`, or who it was checked for has waited for too long. */
  #unlessBorrowed(session: Session<T>): void {
    void this.#later(() => {
      const isInUse = this.#checking.has(session) || this.#pool.isBorrowedResource(session.connection!)
      if (!isInUse) this.#leased.ledger.giveBack(session)
    })
  }

  /** Once generic-pool has done with it what it does. */
  #later(then: () => void): Promise<void> {
    return this.#options.settings.clock.sleep(0).then(then)
  }

  #acquire(priority?: number): Promise<T> {
    const askedAt = this.#leased.askedHere()
    return this.#stock.acquire(priority).then((connection) => {
      const session = this.#sessions.get(connection)
      if (askedAt !== undefined && session !== undefined) this.#leased.ledger.lentTo(session, askedAt)
      if (!(connection instanceof FailedCreate)) return connection
      void this.#stock.destroy(connection)
      throw connection.error
    })
  }

  /** Who borrowed it may never give it back, and others wait for its place. */
  #takeBack(connection: T): void {
    if (!this.#pool.isBorrowedResource(connection)) return
    this.#takenBack.add(connection)
    void this.#stock.destroy(connection)
  }

  #release(connection: T): Promise<void> {
    if (this.#takenBack.delete(connection)) return Promise.resolve()
    const session = this.#sessions.get(connection)
    if (session === undefined || !this.#pool.isBorrowedResource(connection)) return this.#stock.release(connection)
    return this.#leased.ledger.giveBack(session) ? this.#stock.release(connection) : this.#stock.destroy(connection)
  }

  /** generic-pool waits for those who are last in its queue now, and then for what is borrowed now. */
  async #drain(): Promise<void> {
    this.#isDraining = true
    do await this.#stock.drain()
    while (this.#pool.pending > 0 || this.#pool.borrowed > 0)
    this.#isDrained = true
    if (this.#isCleared) await this.#end()
  }

  /** generic-pool's own leaves what it destroyed in its list of what can be lent. */
  async #clear(): Promise<void> {
    this.#isCleared = this.#isDraining
    if (this.#isDrained) return this.#end()
    await this.#logins.settled()
    await this.#later(() => undefined) // those that were waited for are lent
    await this.#closeAll('idle', 'ready')
  }

  /** The pool lends nothing any more, and nothing is borrowed. Resolves when every socket has ended. */
  #end(): Promise<void> {
    return (this.#ending ??= (async () => {
      this.#logins.stop()
      this.#leased.ledger.retireGenerations(Infinity)
      void this.#closeAll('opening')
      await this.#leased.end()
      this.#detach()
    })())
  }

  /** Resolves when those that are in one of these states, and those that are closing already, have ended. */
  async #closeAll(...states: string[]): Promise<void> {
    const { ledger } = this.#leased
    const all = ledger.upTo(Infinity).filter(([, { state }]) => states.includes(state) || state === 'closing')
    for (const [session] of all) ledger.retire(session)
    await Promise.all(all.map(([session]) => session.ended))
  }
}
