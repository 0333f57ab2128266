import { LoginPausedError, type Clock, type ConnectionLedger, type LeasedCredentials } from '@leasepool/core'
import type { Pool } from 'generic-pool'
import type { ConnectionFactory } from './connection-factory'
import { FailedCreate, LoginPauses } from './failed-create'
import { takeOut } from './generic-pool-members'
import { Session } from './session'

/** What the logins of one pool share. */
export interface LoginContext<T extends object> {
  readonly pool: Pool<T>
  readonly ledger: ConnectionLedger<Session<T>>
  readonly factory: ConnectionFactory<T>
  readonly credentials: LeasedCredentials
  readonly clock: Clock
  /** There is a connection, which generic-pool is about to hear of. */
  opened(session: Session<T>, connection: T): void
}

/** Makes the connections of a pool: each in a slot of its own, with the credential of that moment. */
export class Logins<T extends object> {
  readonly #context: LoginContext<T>
  readonly #pauses: LoginPauses
  readonly #underWay = new Set<Promise<T>>()
  #isStopped = false

  constructor(context: LoginContext<T>) {
    this.#context = context
    this.#pauses = new LoginPauses(context.clock)
  }

  /** A connection, or what stands in for it when somebody waits who has to be told why there is none. */
  create(): Promise<T> {
    const creating = this.#create()
    this.#underWay.add(creating)
    const done = (): unknown => this.#underWay.delete(creating)
    creating.then(done, done)
    return creating
  }

  /** Resolves when those under way now have come to something. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** Those that still wait for a slot do not log in any more. */
  stop(): void {
    this.#isStopped = true
  }

  async #create(): Promise<T> {
    try {
      await this.#pauses.wait()
      const connection = await this.#logIn(1)
      this.#pauses.succeeded()
      return connection
    } catch (error) {
      this.#pauses.failed()
      const { pool } = this.#context
      if (pool.pending === 0) throw error
      pool.emit('factoryCreateError', error) // as generic-pool does when it hears of it
      return this.#standIn(error) as unknown as T
    }
  }

  #standIn(error: unknown): FailedCreate {
    const { pool, clock } = this.#context
    const failed = new FailedCreate(error)
    void clock.sleep(0).then(() => {
      failed.expire()
      takeOut(pool, failed)
    })
    return failed
  }

  async #logIn(retries: number): Promise<T> {
    const { ledger, factory, credentials, clock } = this.#context
    await ledger.slots.take()
    let session: Session<T> | undefined
    try {
      if (this.#isStopped) throw new Error('pool is draining and cannot accept work') // as generic-pool says it
      session = new Session(factory, credentials.forLogin(), clock)
      return await this.#open(session)
    } catch (error) {
      if (session === undefined) ledger.slots.giveBack()
      else await session.close('goodbye').catch(() => undefined)
      const generation = error instanceof LoginPausedError ? error.generation : session?.login.generation
      if (generation === undefined || retries === 0) throw error
      if (!(await credentials.reportError(error, generation))) throw error
      return this.#logIn(retries - 1)
    }
  }

  async #open(session: Session<T>): Promise<T> {
    const { ledger, credentials } = this.#context
    const { generation } = session.login
    ledger.opening(session, generation)
    void session.ended.then(() => ledger.closed(session))
    const connection = await session.open((error) => {
      ledger.retire(session)
      void credentials.reportError(error, generation)
    })
    ledger.opened(session)
    this.#context.opened(session, connection)
    return connection
  }
}
