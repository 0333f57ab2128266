import { LeasedCredentials, type LeasedCredentialsOptions, type LeasedPoolOptions } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import type { Knex, knex } from 'knex'
import type { ContractServer } from '../../../test/contract/server'
import { poll } from '../../../test/support/poll'
import { UserSource } from '../../../test/support/user-source'

export interface Opened {
  readonly db: Knex
  readonly credentials: LeasedCredentials
  readonly source: UserSource
}

export interface OpenOptions {
  readonly config?: Partial<Knex.Config>
  readonly leased?: LeasedPoolOptions
  readonly credentials?: LeasedCredentialsOptions
}

/** Leased Knex instances on one server, each with credentials of its own. */
export interface Bed {
  open(options?: OpenOptions): Promise<Opened>
  /** Closes all of them, and waits until no user and no session is left. */
  close(): Promise<void>
  /** The user that a session logged in with. */
  who(on: Knex | Knex.Transaction): Promise<string>
  rows(asked: PromiseLike<unknown>): Promise<Record<string, unknown>[]>
}

/** `factory` is that of the Knex to test, which may be another copy than the adapter's. */
export function bedOn(server: () => ContractServer, factory: typeof knex): Bed {
  const opened: Opened[] = []
  const rows = async (asked: PromiseLike<unknown>): Promise<Record<string, unknown>[]> => {
    const answer = (await asked) as { rows: Record<string, unknown>[] } | [Record<string, unknown>[]]
    return 'rows' in answer ? answer.rows : answer[0]
  }
  return {
    async open({ config = {}, leased = {}, credentials: options = {} } = {}) {
      const source = new UserSource(server())
      const credentials = await LeasedCredentials.start(source, { closeTimeoutMs: 500, ...options })
      const { host, port, database, kind } = server()
      // The class of this copy.
      const client = factory({ client: kind === 'postgres' ? 'pg' : 'mysql2' }).client.constructor as typeof Knex.Client
      const whole = { client, connection: { host, port, database }, pool: { min: 0, max: 3 }, ...config }
      const db = factory(leasedKnex(whole, credentials, leased))
      opened.push({ db, credentials, source })
      return { db, credentials, source }
    },
    async close() {
      for (const { db, credentials, source } of opened.splice(0)) {
        await db.destroy()
        await credentials.close()
        const left = async (): Promise<string[]> => (await server().users()).filter((user) => user.startsWith(source.prefix))
        await poll('no user is left', left, (users) => users.length === 0)
        await poll('no session is left', () => server().sessions(source.prefix), (count) => count === 0) // prettier-ignore
      }
    },
    who: async (on) => String((await rows(on.raw(server().who)))[0]!['who']),
    rows,
  }
}
