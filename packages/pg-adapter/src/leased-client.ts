import {
  classifyDatabaseError,
  LoginPausedError,
  TimeLimit,
  type Clock,
  type ConnectionLedger,
  type LeasedCredentials,
} from '@leasepool/core'
import type { Client } from 'pg'
import { assumeRole } from './assume-role'
import { endCursors } from './end-cursors'
import { privateClient } from './private-members'
import { cutWhenUnreadable, isUnreadable } from './unreadable'

/** What the clients of one pool share. Read at each login, so that a pool can be made anew behind them. */
export interface ClientBook {
  readonly ledger: ConnectionLedger<Client>
  readonly credentials: Pick<LeasedCredentials, 'forLogin' | 'reportError'>
  readonly clock: Clock
  /** Limit for the wait for a slot, in ms: the pool's own connection timeout. 0 for none. */
  readonly connectTimeoutMs: number
  /** What every client acts as. */
  readonly assumeRole?: string | undefined
}

type ConnectCallback = (error: Error | null, client?: Client) => void
type ClientClass = new (config?: never) => Client

/** How long a socket may take to end after goodbye before it is cut: a half-open peer never answers. In ms. */
const GOODBYE_MS = 5_000

/** With which generation a login was tried that failed with this error. */
const failedLogins = new WeakMap<object, number>()

/** The generation with which the login was tried that failed with `error`; `undefined` for other errors. */
export function generationOfFailure(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null ? failedLogins.get(error) : undefined
}

const generations = new WeakMap<object, number>()
/** What each client's own configuration has as `stream`. */
const streams = new WeakMap<object, unknown>()

/** The `stream` of a client's configuration: who has one needs it for each socket. */
export function streamOf(client: object): unknown {
  return streams.get(client)
}

/** The generation that a client has logged in with, or tried to; `undefined` before that. */
export function generationOf(client: object): number | undefined {
  return generations.get(client)
}

/**
 * A client class that waits for a socket slot, logs in with the credential of that moment, tells the ledger what it does, and
 * gives the slot back when its socket has ended. User name, password and generation are read together, at one instant.
 */
export function leasedClient(Base: ClientClass, book: () => ClientBook): ClientClass {
  return class LeasedClient extends (Base as new (config?: object) => Client) {
    #isEnding = false
    #hasEnded = false
    #ledger: ConnectionLedger<Client> | undefined

    constructor(config?: object) {
      super({ ...config, user: 'leasepool', password: '' }) // replaced at login
      streams.set(this, (config as { stream?: unknown } | undefined)?.stream)
      cutWhenUnreadable(this.connection)
      endCursors(this.connection)
      this.on('error', () => undefined) // a killed connection that nobody listens to would end the process
      this.once('end', () => (this.#hasEnded = true))
    }

    override connect(): Promise<Client>
    override connect(callback: ConnectCallback): void
    override connect(callback?: ConnectCallback): Promise<Client> | void {
      if (callback !== undefined) return void this.#logIn(callback)
      return new Promise((resolve, reject) => void this.#logIn((error) => (error ? reject(error) : resolve(this))))
    }

    /** Idempotent: pools, drains and apps all call it. */
    override end(): Promise<void>
    override end(callback: (error?: Error) => void): void
    override end(callback?: (error?: Error) => void): Promise<void> | void {
      if (callback === undefined) return new Promise((resolve) => this.#end(resolve))
      this.#end(callback)
    }

    #end(done: () => void): void {
      const neverDialled = this.#isEnding && this.#ledger === undefined // then no socket will say that it has ended
      if (this.#hasEnded || neverDialled) return done()
      if (this.#isEnding) return void this.once('end', done)
      this.#isEnding = true
      const { clock } = book()
      this.#ledger?.closing(this)
      super.end(done)
      const limit = new TimeLimit(clock, GOODBYE_MS)
      void limit.passed.then(() => this.connection.stream.destroy())
      this.once('end', () => limit.clear()) // whoever rotates fast must not hold all that ended in the last seconds
    }

    /** Whatever the server says of a query, whoever sent it: the app gets the same error. */
    #watch(generation: number): void {
      const { ledger, credentials } = book()
      this.connection.on('errorMessage', (error: Error) => {
        const kind = classifyDatabaseError(error)
        // A dropped role's session says that, and so does a healthy one whose app may not: the next ping tells.
        if (kind === 'permission-lost') ledger.suspect(this)
        if (kind === 'credential-refused') void credentials.reportError(error, generation)
        if (isFatal(error) || isUnreadable(error)) ledger.closing(this)
        if (isUnreadable(error)) this.connection.stream.destroy() // also when who asked has said goodbye already
      })
    }

    async #logIn(callback: ConnectCallback): Promise<void> {
      const { ledger, credentials, assumeRole: role } = book()
      let generation: number
      try {
        await takeSlot(book())
      } catch (error) {
        return callback(error as Error)
      }
      try {
        if (this.#isEnding) throw new Error('Connection terminated')
        generation = logInWith(this, credentials.forLogin())
      } catch (error) {
        ledger.slots.giveBack()
        if (error instanceof LoginPausedError) failedLogins.set(error, error.generation)
        return callback(error as Error)
      }
      this.#ledger = ledger
      generations.set(this, generation)
      ledger.opening(this, generation)
      let isAnswered = false
      const answer = (error: Error | null): void => {
        if (isAnswered) return
        isAnswered = true
        callback(error, this)
      }
      const failed = (error: Error): void => {
        failedLogins.set(error, generation)
        answer(error)
      }
      this.once('end', () => {
        ledger.closed(this)
        if (!isAnswered) failed(new Error('Connection terminated')) // pg tells nobody when a client is ended while it connects
      })
      const refused = (error: Error): void => {
        this.#end(() => undefined) // pools forget a client that failed to connect, whether its socket is closed or not
        failed(error)
      }
      try {
        super.connect((error: Error | null) => {
          if (error) {
            this.#end(() => undefined)
            this.connection.stream.destroy() // nobody is there to say goodbye to
            return failed(error)
          }
          this.#watch(generation)
          if (role === undefined) return answer(null)
          assumeRole(this, role).then(() => answer(null), refused)
        })
      } catch (error) {
        ledger.closed(this) // a port that is none, say: there never was a socket
        failed(error as Error)
      }
    }
  } as unknown as ClientClass
}

/**
 * The server ends the connection right after that. Until its socket closes, pg takes it for a good one, and whoever waits would get it.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html: shutdown, crash, database dropped, and the three session time-outs.
 */
function isFatal(error: Error): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  return severity === 'FATAL' || (typeof code === 'string' && /^(57P0[1245]|25P0[34])$/.test(code)) // severity is in the server's language
}

function logInWith(client: Client, credential: { username: string; password: string; generation: number }): number {
  const parameters = privateClient(client).connectionParameters
  client.user = credential.username
  client.password = credential.password
  if (parameters !== undefined) {
    parameters.user = credential.username
    parameters.password = credential.password
  }
  return credential.generation
}

async function takeSlot({ ledger, clock, connectTimeoutMs }: ClientBook): Promise<void> {
  const { slots } = ledger
  if (connectTimeoutMs === 0 || slots.taken < slots.max) return slots.take()
  const limit = new TimeLimit(clock, connectTimeoutMs, 'timeout exceeded when trying to connect')
  try {
    await slots.take({ signal: limit.signal })
  } finally {
    limit.clear()
  }
}
