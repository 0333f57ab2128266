import { describe, OptionError, TimeLimit, type Clock, type Credential, type Farewell } from '@leasepool/core'
import type { ConnectionFactory } from './connection-factory'

/** How long `destroy`, `cancel` and a login that was given up may each take, in ms: a half-open peer never answers. */
const GOODBYE_MS = 5_000

/** `silent`: it did not answer within the limit. Anything but `passed` must not be used again. */
export interface Check {
  readonly result: 'passed' | 'failed' | 'silent'
  readonly error?: unknown
}

/** One physical connection, from its login to the end of its socket. What the ledger keeps its book of. */
export class Session<T extends object> {
  /** Resolves when its socket has ended, as far as its factory says so; never rejects. */
  readonly ended: Promise<void>
  readonly login: Credential
  readonly #factory: ConnectionFactory<T>
  readonly #clock: Clock
  readonly #givenUp = new AbortController()
  #markEnded!: () => void
  #askToCut!: () => void
  readonly #cutAsked: Promise<void>
  #created: Promise<T | undefined> = Promise.resolve(undefined)
  #closing: Promise<void> | undefined
  #connection: T | undefined

  constructor(factory: ConnectionFactory<T>, login: Credential, clock: Clock) {
    this.#factory = factory
    this.login = login
    this.#clock = clock
    this.ended = new Promise((resolve) => (this.#markEnded = resolve))
    this.#cutAsked = new Promise((resolve) => (this.#askToCut = resolve))
  }

  /** Once it is logged in. */
  get connection(): T | undefined {
    return this.#connection
  }

  /** Logs in. `lost` is called when the connection says that it is no longer of use. Rejects once it was closed meanwhile. */
  async open(lost: (error: unknown) => void): Promise<T> {
    const created = called(() => this.#factory.create(this.login, this.#givenUp.signal))
    this.#created = created.then(
      (given) => (isObject(given) ? given : undefined),
      () => undefined,
    )
    let connection: T
    try {
      connection = await Promise.race([created, this.#rejectedWhenEnded()])
      if (!isObject(connection)) throw notAConnection(connection)
    } catch (error) {
      if (this.#closing === undefined) this.#markEnded()
      throw error
    }
    if (this.#closing !== undefined) throw givenUp()
    this.#connection = connection
    this.#factory.watch?.(connection, lost)
    return connection
  }

  /** Never rejects. A factory without `validate` lets everything pass. */
  async check(timeoutMs: number): Promise<Check> {
    const { validate } = this.#factory
    if (validate === undefined) return { result: 'passed' }
    const limit = new TimeLimit(this.#clock, timeoutMs)
    const answered = called(() => validate.call(this.#factory, this.#connection!)).then(
      (answer): Check => ({ result: answer === false ? 'failed' : 'passed' }),
      (error: unknown): Check => ({ result: 'failed', error }),
    )
    const check = await Promise.race([answered, limit.passed.then((): Check => ({ result: 'silent' }))])
    limit.clear()
    return check
  }

  /** Closes it, once; resolves as `ended` does. Rejects with what `destroy` rejected with. `cut`: what it runs is not waited for. */
  close(how: Farewell): Promise<void> {
    if (how === 'cut') this.#askToCut()
    if (this.#closing === undefined) {
      this.#closing = this.#close(how).finally(() => this.#markEnded())
      this.#closing.catch(() => undefined) // for who asks
    }
    return this.#closing
  }

  async #close(how: Farewell): Promise<void> {
    if (this.#connection === undefined) this.#givenUp.abort(givenUp())
    const connection = await this.#arrival()
    if (connection === undefined) return
    if (how === 'cut') await this.#cancel(connection)
    const destroyed = called(() => this.#factory.destroy(connection))
    destroyed.catch(() => undefined)
    try {
      if (await this.#within(destroyed, how === 'cut' ? undefined : this.#cutAsked)) return
      if (how !== 'cut') await this.#cancel(connection)
      if (await this.#within(destroyed)) return
    } catch (error) {
      if (how !== 'cut') await this.#cancel(connection) // nothing is known of its socket
      throw error
    }
    throw new Error(`A connection that was destroyed ${2 * GOODBYE_MS} ms ago has not ended`)
  }

  /** What the login gives, if it does within the limit; what comes later goes at once. */
  async #arrival(): Promise<T | undefined> {
    if (this.#connection !== undefined) return this.#connection
    if (await this.#within(this.#created)) return this.#created
    void this.#created.then((late) => late && this.#factory.destroy(late)).then(undefined, () => undefined)
    return undefined
  }

  async #cancel(connection: T): Promise<void> {
    const { cancel } = this.#factory
    if (cancel === undefined) return
    await this.#within(called(() => cancel.call(this.#factory, connection, this.login)).catch(() => undefined))
  }

  /** Whether it is over within the limit, and before `unless`. Rejects as `work` does. */
  async #within(work: Promise<unknown>, unless?: Promise<void>): Promise<boolean> {
    const limit = new TimeLimit(this.#clock, GOODBYE_MS)
    const tooLate = limit.passed.then(() => false)
    const isOver = await Promise.race([work.then(() => true), tooLate, ...(unless ? [unless.then(() => false)] : [])])
    limit.clear()
    return isOver
  }

  async #rejectedWhenEnded(): Promise<never> {
    await this.ended
    throw givenUp()
  }
}

/** As a promise, also when it throws. */
async function called<R>(work: () => PromiseLike<R> | R): Promise<R> {
  return work()
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function givenUp(): Error {
  return new Error('The connection was given up while it logged in')
}

function notAConnection(given: unknown): OptionError {
  return new OptionError('leasedFactory.create', 'a function that resolves with a connection', describe(given))
}
