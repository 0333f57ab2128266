import { LeasedCredentials, type LeasedCredentialsOptions, type LeasedPoolOptions } from '@leasepool/core'
import { createLeasedPool, type ConnectionFactory } from '@leasepool/generic-pool-adapter'
import type { Options, Pool } from 'generic-pool'
import { afterEach } from 'vitest'
import { UserSource } from '../../../test/support/user-source'

/** A connection that only remembers what was done to it. */
export interface Plain {
  readonly user: string
  readonly number: number
  state: 'open' | 'closing' | 'closed'
}

/** A driver whose connections are plain objects, in the hands of the test. */
export class PlainDriver implements ConnectionFactory<Plain> {
  readonly made: Plain[] = []
  /** Logins that were tried. */
  tried = 0
  /** The most that were open or being opened at the same time. */
  peak = 0
  open = 0
  lost: ((error?: unknown) => void)[] = []
  beforeCreate: (signal: AbortSignal) => Promise<void> = () => Promise.resolve()
  beforeDestroy: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, 2))

  async create({ username }: { readonly username: string }, signal: AbortSignal): Promise<Plain> {
    this.tried += 1
    this.open += 1
    this.peak = Math.max(this.peak, this.open)
    try {
      await this.beforeCreate(signal)
    } catch (error) {
      this.open -= 1
      throw error
    }
    const made: Plain = { user: username, number: this.made.length + 1, state: 'open' }
    this.made.push(made)
    return made
  }

  async destroy(connection: Plain): Promise<void> {
    if (connection.state !== 'open') throw new Error('Destroyed twice')
    connection.state = 'closing'
    await this.beforeDestroy()
    connection.state = 'closed'
    this.open -= 1
  }

  watch(_: Plain, lost: (error?: unknown) => void): void {
    this.lost.push(lost)
  }
}

export interface Opened<T> {
  readonly pool: Pool<T>
  readonly credentials: LeasedCredentials
}

const opened: Opened<never>[] = []
afterEach(async () => {
  for (const { pool, credentials } of opened.splice(0)) {
    void pool.drain().then(() => pool.clear())
    await credentials.close()
  }
})

/** Credentials whose users are in no database. */
export function anyCredentials(options: LeasedCredentialsOptions = {}): Promise<LeasedCredentials> {
  const nothing = (): Promise<void> => Promise.resolve()
  return LeasedCredentials.start(new UserSource({ makeUser: nothing, dropUser: nothing }), { closeTimeoutMs: 200, ...options })
}

export async function openPool<T extends object>(
  factory: ConnectionFactory<T>,
  options: Options = {},
  leased: LeasedPoolOptions = {},
  credentials?: LeasedCredentials,
): Promise<Opened<T>> {
  const own = credentials ?? (await anyCredentials())
  const pool = createLeasedPool(factory, options, own, leased)
  const all = { pool, credentials: own }
  opened.push(all as Opened<never>)
  return all
}
