import {
  AcquireTimeoutError,
  classifyDatabaseError,
  LeasepoolError,
  LedgerPool,
  LoginPausedError,
  TimeLimit,
  type LeasedCredentials,
  type LeasedPoolSettings,
} from '@leasepool/core'
import type { Pool, PoolConnection } from 'mysql2'
import { assumeRole } from './assume-role'
import { mysqlDriver, ping } from './driver'
import type { Login } from './login'
import { loggedIn, openLogin, type LoginBook } from './logins'
import { copyOf, internalsOf, internalsOfPool, type ConnectionConfig, type PoolInternals } from './mysql2-members'

type Lend = (error: NodeJS.ErrnoException | null, connection: PoolConnection) => unknown

export interface UpgradeOptions {
  readonly settings: LeasedPoolSettings
  /** `undefined`: as long as it takes. */
  readonly acquireTimeoutMs: number | undefined
  readonly onConnect: ((connection: PoolConnection) => unknown) | undefined
}

/**
 * What makes a mysql2 pool a leased one: four of its public methods, on this pool alone. Lending, queueing and idle times stay mysql2's
 * own. Each connection gets a configuration of its own, and a socket that waits for its slot.
 */
export class PoolUpgrade {
  readonly #internals: PoolInternals
  readonly #stock: Pick<Pool, 'getConnection' | 'releaseConnection' | 'execute' | 'end'>
  readonly #leased: LedgerPool<Login>
  readonly #book: LoginBook
  readonly #credentials: LeasedCredentials
  readonly #options: UpgradeOptions
  readonly #detach: () => void
  readonly #logins = new WeakMap<ConnectionConfig, Login>()
  /** Told of the socket that mysql2 asks for while it is asked for a connection. */
  #onDial: ((login: Login) => void) | undefined
  /** It is the pool's own `execute` that asks for a connection. */
  #isExecuting = false
  #waiting = 0
  #served: (() => void) | undefined
  #ending: Promise<void> | undefined
  /** What the pool is answering with at this moment. */
  #failure: unknown
  /** What `assumeRole` or the app's `onConnect` failed with last. */
  #unprepared: unknown

  constructor(pool: Pool, credentials: LeasedCredentials, options: UpgradeOptions) {
    this.#internals = internalsOfPool(pool)
    this.#credentials = credentials
    this.#options = options
    // When a connection goes, mysql2 asks for another for who is first in its queue, and let in here already.
    const again = Object.create(pool, { getConnection: { value: (callback: Lend) => this.#lend(this.#left, callback) } }) as Pool
    this.#stock = {
      getConnection: pool.getConnection.bind(pool),
      releaseConnection: pool.releaseConnection.bind(again),
      execute: pool.execute.bind(pool) as Pool['execute'],
      end: pool.end.bind(pool),
    }
    const { config } = this.#internals
    config.connectionConfig.stream = ({ config: own }: { config: ConnectionConfig }) => this.#open(own)
    const { settings } = options
    this.#leased = new LedgerPool({
      settings,
      max: config.connectionLimit,
      driver: mysqlDriver({ config: () => config.connectionConfig, settings }),
    })
    const { clock, pingTimeoutMs } = settings
    this.#book = { ledger: this.#leased.ledger, credentials, clock, pingTimeoutMs }
    pool.getConnection = (callback) => this.#getConnection(callback)
    pool.releaseConnection = (connection) => this.#releaseConnection(connection as PoolConnection)
    pool.execute = ((...args: Parameters<Pool['execute']>) => this.#execute(args)) as Pool['execute']
    pool.end = (callback) => void this.end().then(() => callback?.(null), callback)
    this.#detach = credentials.attach(this.#leased)
  }

  /** Whether what it is answering with says that a login was refused, not tried, or not made ready, and nothing about the server. */
  get isRefused(): boolean {
    const failure = this.#failure
    return (
      failure instanceof LeasepoolError || failure === this.#unprepared || classifyDatabaseError(failure) === 'credential-refused'
    )
  }

  /** Lets nobody new in, serves who waits, waits for what is borrowed, closes everything. Resolves when every socket is closed. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end())
  }

  async #end(): Promise<void> {
    const { ledger } = this.#leased
    if (this.#waiting > 0) await new Promise<void>((served) => (this.#served = served))
    await ledger.returned()
    ledger.retireGenerations(Infinity)
    await this.#leased.end()
    this.#detach()
    await new Promise<void>((resolve, reject) => this.#stock.end((error) => (error ? reject(error) : resolve())))
  }

  #execute(args: Parameters<Pool['execute']>): unknown {
    this.#isExecuting = true
    try {
      return this.#stock.execute(...args)
    } finally {
      this.#isExecuting = false
    }
  }

  #getConnection(callback: Lend): void {
    const isPools = this.#isExecuting
    if (this.#ending !== undefined) {
      return process.nextTick(() => callback(new Error('Pool is closed.'), undefined as never)) // as mysql2 says it
    }
    this.#waiting += 1
    const askedAt = this.#leased.askedHere()
    const answer = this.#withinTime((error, connection) => {
      this.#waiting -= 1
      this.#failure = error
      const login = error ? undefined : this.#loginOf(connection)
      if (login !== undefined) {
        login.isPools = isPools
        if (askedAt !== undefined) this.#leased.ledger.lentTo(login, askedAt)
      }
      try {
        callback(error, connection)
      } finally {
        this.#failure = undefined
        if (this.#waiting === 0) this.#served?.()
      }
    })
    this.#lend(this.#left, answer)
  }

  /** How many failed checks and refused logins are allowed. */
  get #left(): { pings: number; logins: number } {
    return { pings: this.#leased.ledger.slots.max + 1, logins: 1 }
  }

  /** The first answer, or that the time is up; a connection that comes later goes back. */
  #withinTime(done: Lend): Lend {
    const { acquireTimeoutMs } = this.#options
    const { clock, name } = this.#options.settings
    if (acquireTimeoutMs === undefined) return done
    let isOver = false
    const limit = new TimeLimit(clock, acquireTimeoutMs)
    void limit.passed.then(() => {
      isOver = true
      done(new AcquireTimeoutError(name, acquireTimeoutMs), undefined as never)
    })
    return (error, connection) => {
      limit.clear()
      if (!isOver) return done(error, connection)
      if (!error) connection.release()
    }
  }

  /** Borrows from mysql2 until it gives a connection that may be lent, with so many failed checks and refused logins allowed. */
  #lend(left: { pings: number; logins: number }, done: Lend): void {
    let login: Login | undefined
    this.#onDial = (made) => (login = made)
    this.#stock.getConnection((error, connection) => {
      if (error) return this.#failed(error, login, left, done)
      const met = this.#loginOf(connection)!
      if (met.connection !== undefined) return this.#lendIfGood(met, connection, left, done)
      this.#meet(met, connection)
      const { assumeRole, onConnect } = { ...this.#options.settings, ...this.#options }
      if (assumeRole === undefined && onConnect === undefined) return this.#opened(met, connection, left, done)
      this.#prepare(connection).then(
        () => this.#opened(met, connection, left, done),
        (failure: NodeJS.ErrnoException) => {
          this.#unprepared = failure
          this.#leased.ledger.retire(met)
          this.#failed(failure, met, left, done)
        },
      )
    })
    this.#onDial = undefined
  }

  #opened(login: Login, connection: PoolConnection, left: { pings: number; logins: number }, done: Lend): void {
    this.#leased.ledger.opened(login)
    this.#lendIfGood(login, connection, left, done)
  }

  #lendIfGood(login: Login, connection: PoolConnection, left: { pings: number; logins: number }, done: Lend): void {
    switch (this.#leased.ledger.lend(login, left.pings > 0)) {
      case 'refused':
        return this.#lend(left, done)
      case 'lent':
        return void done(null, connection)
      case 'ping':
        return void this.#ping(login).then((passed) =>
          passed ? done(null, connection) : this.#lend({ ...left, pings: left.pings - 1 }, done),
        )
    }
  }

  async #prepare(connection: PoolConnection): Promise<void> {
    const { onConnect, settings } = this.#options
    if (settings.assumeRole !== undefined) await assumeRole(connection, settings.assumeRole)
    await onConnect?.(connection)
  }

  #failed(error: NodeJS.ErrnoException, login: Login | undefined, left: { pings: number; logins: number }, done: Lend): void {
    const generation = error instanceof LoginPausedError ? error.generation : login?.generation
    if (generation === undefined || left.logins === 0) return void done(error, undefined as never)
    void this.#credentials.reportError(error, generation).then((again) => {
      if (again) this.#lend({ ...left, logins: left.logins - 1 }, done)
      else done(error, undefined as never)
    })
  }

  async #ping(login: Login): Promise<boolean> {
    const { clock, pingTimeoutMs } = this.#options.settings
    const result = await ping(login, clock, pingTimeoutMs)
    if (result !== 'passed') this.#leased.ledger.pingFailed(login, result === 'silent' ? 'cut' : 'goodbye')
    return result === 'passed'
  }

  #releaseConnection(returned: PoolConnection): void {
    // The promise pool's own connections are wrapped; `release` of these comes here with what is inside.
    const connection = (returned as unknown as { connection?: PoolConnection }).connection ?? returned
    const login = this.#loginOf(connection)
    const { ledger } = this.#leased
    if (login === undefined) return this.#stock.releaseConnection(connection)
    if (internalsOf(connection)._pool === null) {
      // It was destroyed, or its server has gone: mysql2 has taken it out, and serves whoever waits.
      ledger.closing(login)
      return this.#stock.releaseConnection(connection)
    }
    if (!ledger.isBorrowed(login)) return // mysql2 before 3.23 would lend it to two at the same time
    if (login.isSuspect) return ledger.retire(login)
    if (ledger.giveBack(login)) this.#stock.releaseConnection(connection)
  }

  #loginOf(connection: PoolConnection): Login | undefined {
    return this.#logins.get(internalsOf(connection).config)
  }

  /** A connection that mysql2 gives for the first time: it has logged in a moment ago. */
  #meet(login: Login, connection: PoolConnection): void {
    connection.on('error', () => undefined) // mysql2 listens to the first one only; the second would end the process
    loggedIn(login, connection, this.#book)
  }

  /** The transport of a new connection, whose configuration `own` is from now on nobody else's. */
  #open(own: ConnectionConfig): Login['socket'] {
    const { config } = this.#internals
    if (config.connectionConfig === own) config.connectionConfig = copyOf(own) // mysql2 before 3.23.3
    const login = openLogin(own, this.#book)
    this.#logins.set(own, login)
    this.#onDial?.(login)
    return login.socket
  }
}
