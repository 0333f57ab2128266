import { client, type Answer, type Send } from '../conformance/client'
import type { FuzzRequest } from './requests'
import type { Ref } from './values'

/** What a server has made so far, by what a {@link Ref} calls it. The lists of both servers have the same length. */
export type Pool = Record<Exclude<Ref['ref'], 'roleId' | 'connectionUrl'>, string[]>

export const POOL_KINDS = ['token', 'wrapping', 'accessor', 'lease', 'secretId', 'secretAccessor'] as const

/** One of the two servers that are compared, with its own names for what both have. */
export class Side {
  readonly send: Send
  readonly pool: Pool = { token: [], wrapping: [], accessor: [], lease: [], secretId: [], secretAccessor: [] }
  /** By {@link FuzzRequest.token}; the fixture puts them in. */
  fixed: Readonly<Record<string, string>> = {}

  constructor(
    readonly name: string,
    readonly address: string,
    readonly root: string,
    readonly databaseUrl: string,
  ) {
    this.send = client(address)
  }

  /** Sends a request in this server's terms. Status 0 means that it hung up instead of answering. */
  async ask(request: FuzzRequest): Promise<Answer> {
    const path = request.path.map((part) => (typeof part === 'string' ? part : this.#resolve(part))).join('')
    const token = typeof request.token === 'string' ? (this.fixed[request.token] ?? '') : this.#resolve(request.token)
    const sent = { method: request.method, path, token, headers: request.headers, body: this.#filled(request.body) }
    return this.send(sent).catch((error: Error) => ({ status: 0, headers: {}, body: error.message }))
  }

  #resolve({ ref, number }: Ref): string {
    if (ref === 'roleId') return this.fixed['roleId']!
    if (ref === 'connectionUrl') return this.databaseUrl
    const known = this.pool[ref]
    return known.length === 0 ? 'none-yet' : known[number % known.length]!
  }

  #filled(value: unknown): unknown {
    // Roles belong to the whole PostgreSQL server, so each side has its own.
    if (value === 'static1' || value === 'static2') return `${value}_${this.name.replace('-', '_')}`
    if (value === 'CREATE') return `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`
    if (Array.isArray(value)) return value.map((item) => this.#filled(item))
    if (typeof value !== 'object' || value === null) return value
    if ('ref' in value) return this.#resolve(value as Ref)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#filled(item)]))
  }
}

/** Remembers what both answers made; what only one of them has would shift all that follows. */
export function remember(sides: readonly Side[], answers: readonly Answer[]): void {
  const made = answers.map((answer) => madeBy(answer))
  for (const kind of POOL_KINDS) {
    const values = made.map((each) => each[kind])
    if (values.some((value) => typeof value !== 'string' || value === '')) continue
    for (const [index, side] of sides.entries()) {
      side.pool[kind].push(values[index]!)
      // The newest few: most of the old ones are dead.
      if (side.pool[kind].length > 12) side.pool[kind].shift()
    }
  }
}

function madeBy({ status, body }: Answer): Partial<Record<keyof Pool, string>> {
  if (status !== 200 || typeof body !== 'object') return {}
  const { auth, data, wrap_info: wrap, lease_id: lease } = body as Record<string, Record<string, string> | null | undefined>
  return {
    token: auth?.['client_token'],
    accessor: auth?.['accessor'],
    wrapping: wrap?.['token'],
    lease: lease as unknown as string,
    secretId: data?.['secret_id'],
    secretAccessor: data?.['secret_id_accessor'],
  } as Partial<Record<keyof Pool, string>>
}
