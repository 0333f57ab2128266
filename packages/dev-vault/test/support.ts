import type { Clock } from '@leasepool/core'
import { request as httpRequest } from 'node:http'
import { Client, Pool } from 'pg'

export interface Answered {
  readonly status: number
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests look into bodies of every shape
  readonly body: any
}

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  token?: string,
  headers?: Record<string, string>,
) => Promise<Answered>

/** Calls below `/v1/` with a token that can be given per call. Bodies that are strings are sent as they are. */
export function caller(address: string, defaultToken = ''): Call {
  return (method, path, body, token = defaultToken, headers = {}) =>
    new Promise((resolve, reject) => {
      const auth = token === '' ? {} : { 'X-Vault-Token': token }
      const request = httpRequest(`${address}/v1/`, {
        method,
        path: `/v1/${path}`,
        headers: { ...auth, ...headers },
        agent: false,
      })
      request.on('error', reject)
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const isJson = response.headers['content-type'] === 'application/json'
          resolve({ status: response.statusCode!, body: text === '' ? undefined : isJson ? JSON.parse(text) : text })
        })
      })
      request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
    })
}

/** Looks again until `probe` is true; fails after `deadlineMs`, and one more look: a process that stood still meanwhile has seen nothing. */
export async function eventually(probe: () => Promise<boolean> | boolean, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const isLate = performance.now() > endMs
    if (await probe()) return
    if (isLate) throw new Error(`Not so within ${deadlineMs} ms: ${probe.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Waits until an instant of `performance.now()`; the only waits are for a time that the test is about. */
export async function until(instantMs: number): Promise<void> {
  await eventually(() => performance.now() >= instantMs, 60_000)
}

/** Looks into the database as its superuser. */
export class Inspector {
  readonly pool: Pool

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 2 })
    this.pool.on('error', () => undefined)
  }

  async hasUser(username: string): Promise<boolean> {
    return (await this.pool.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [username])).rowCount === 1
  }

  async dynamicUsers(): Promise<string[]> {
    return (await this.pool.query<{ rolname: string }>(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'`)).rows.map(
      (row) => row.rolname,
    )
  }

  /** Seconds from now to the user's VALID UNTIL. */
  async validSeconds(username: string): Promise<number> {
    const sql = 'SELECT extract(epoch FROM rolvaliduntil - now())::float AS left FROM pg_roles WHERE rolname = $1'
    return (await this.pool.query<{ left: number }>(sql, [username])).rows[0]!.left
  }
}

/** The SQLSTATE of a failed login, or `ok`. */
export async function login(url: string, username: string, password: string): Promise<string> {
  const client = new Client({ connectionString: urlFor(url, username, password) })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return 'ok'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

export function urlFor(url: string, username: string, password: string): string {
  const changed = new URL(url)
  changed.username = encodeURIComponent(username)
  changed.password = encodeURIComponent(password)
  return changed.href
}

/** Time that moves only by `advance`. Starts at the real date, since PostgreSQL compares with its own. */
export class TestClock implements Clock {
  #nowMs = 0
  readonly #startMs = Date.now()
  readonly #sleepers = new Set<{ atMs: number; wake: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  dateMs(): number {
    return this.#startMs + this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { atMs: this.#nowMs + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper)
        reject(signal.reason as Error)
      })
    })
  }

  /** The next sleeper's distance in ms, or `undefined`. */
  nextMs(): number | undefined {
    const next = Math.min(...[...this.#sleepers].map((sleeper) => sleeper.atMs))
    return next === Infinity ? undefined : next - this.#nowMs
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = [...this.#sleepers].filter((sleeper) => sleeper.atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs)
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
