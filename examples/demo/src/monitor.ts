import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

const SAMPLE_EVERY_MS = 20

/** What PostgreSQL itself says, seen by an administrator from outside of the database `app`. */
export class Monitor {
  /** The most sessions there ever were in `app`, as far as samples show. */
  peakSockets = 0
  readonly #client: Client
  readonly #ending = new AbortController()
  #sampling: Promise<void> = Promise.resolve()

  private constructor(client: Client) {
    this.#client = client
  }

  static async start(adminUrl: string): Promise<Monitor> {
    const client = new Client(adminUrl)
    client.on('error', () => undefined) // the query under way, or the next one, rejects as well
    await client.connect()
    const monitor = new Monitor(client)
    monitor.#sampling = monitor.#sample()
    monitor.#sampling.catch(() => undefined) // `stop` tells
    return monitor
  }

  /** Database users that leases have made and that still exist. */
  usersLeft(): Promise<number> {
    return this.#count(`FROM pg_roles WHERE rolname LIKE 'v-%'`)
  }

  /** Rejects when the samples broke off: then the peak says nothing. */
  async stop(): Promise<void> {
    this.#ending.abort()
    try {
      await this.#sampling
    } finally {
      await this.#client.end()
    }
  }

  async #sample(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      const sockets = await this.#count(`FROM pg_stat_activity WHERE datname = 'app' AND backend_type = 'client backend'`)
      this.peakSockets = Math.max(this.peakSockets, sockets)
      await sleep(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #count(from: string): Promise<number> {
    const { rows } = await this.#client.query<{ count: number }>(`SELECT count(*)::int ${from}`)
    return rows[0]!.count
  }
}
