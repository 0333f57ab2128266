import { LeasedCredentials, type LeasedCredentialsOptions, type LeasedPoolOptions, type PoolStats } from '@leasepool/core'
import { expect } from 'vitest'
import { logEvents, type EventLog } from '../support/app'
import { poll } from '../support/poll'
import { startProxy, type Proxy } from '../support/proxy'
import { ShiftedClock } from '../support/shifted-clock'
import type { ContractServer, ServerKind } from './server'
import { UserSource } from '../support/user-source'
import type { Ability, Borrowed, ContractPool, Login, OpenOptions, Subject } from './subjects/subject'

/** How events call the first pool of a scene; a cluster adds the name of the node. */
export const POOL: unknown = expect.stringMatching(/^pool 1(:only)?$/)

const SHARED = 'the bouncer has sessions of its own behind its connections, and shares them'
/** For behaviours that tell connections apart by the server's sessions, or wait for what becomes of these. */
export const BEHIND_PGBOUNCER = { 'pgbouncer-session': SHARED, 'pgbouncer-transaction': SHARED } as const

/** What a behaviour is tried on. */
export interface Scene {
  readonly server: ContractServer
  readonly source: UserSource
  readonly credentials: LeasedCredentials
  readonly pool: ContractPool
  readonly log: EventLog
  /** In between, where the behaviour asked for it. */
  readonly proxy: Proxy | undefined
  /** Another pool on the same credentials. */
  open(options?: Partial<OpenOptions>): ContractPool
  /** The library's own pool on the same database, where the subject has one. */
  stock(login: Login): Pick<ContractPool, 'query' | 'end'>
  /** The user that a session logged in with. */
  who(on: Pick<Borrowed, 'query'>): Promise<string>
  /** What the server calls the session: another one has another number. */
  session(on: Pick<Borrowed, 'query'>): Promise<number>
  /** Opens so many connections and has each serve: three queries at once may find the first connection free again before the last is there. */
  openIdle(count: number): Promise<void>
  /** Lets so much time go by, for leases and pools; what is due happens. */
  later(ms: number): void
  /** The user of the credential in use. */
  user(): string
  /** Open sessions of the users of this scene, or of one of them. */
  sessions(user?: string): Promise<number>
  /** Waits until so many are open. */
  untilSessions(count: number, user?: string): Promise<void>
  /** Of the first pool, as the credentials know it. */
  stats(): PoolStats
}

/** Operations on a leased pool, and what must come of them, on every library and every server. */
export interface Behaviour {
  readonly name: string
  /** Sockets of the pool. @default 3 */
  readonly max?: number
  readonly pool?: LeasedPoolOptions | ((server: ContractServer) => LeasedPoolOptions)
  readonly credentials?: LeasedCredentialsOptions
  /** Before the first credential is issued. */
  readonly prepare?: (source: UserSource, kind: ServerKind) => void
  /** What not every library can do. */
  readonly needs?: readonly Ability[]
  /** Where it is not tried, by the name of the subject or the kind of server, and why. */
  readonly not?: Readonly<Record<string, string>>
  /** The database is behind a proxy. */
  readonly throughProxy?: boolean
  run(scene: Scene): Promise<void>
}

/** Why a behaviour is not tried on this pool; `undefined` where it is. */
export function whyNot(
  { needs = [], not = {} }: Behaviour,
  { name, lacks = {}, stock }: Subject,
  kind: ServerKind,
): string | undefined {
  if (needs.includes('stock') && stock === undefined) return 'there is no pool of the library alone to compare with'
  const lacking = needs.map((ability) => lacks[ability]).find((reason) => reason !== undefined)
  return not[name] ?? not[kind] ?? lacking
}

/** Runs a behaviour; whatever it does, in the end everything is closed and nobody is left. */
export async function runBehaviour(behaviour: Behaviour, subject: Subject, server: ContractServer): Promise<void> {
  const clock = new ShiftedClock()
  const source = new UserSource(server, clock)
  behaviour.prepare?.(source, server.kind)
  const credentials = await LeasedCredentials.start(source, {
    clock,
    closeTimeoutMs: 500,
    probeTimeoutMs: 30_000,
    ...behaviour.credentials,
  })
  const log = logEvents(credentials)
  const proxy = behaviour.throughProxy === true ? await startProxy(server.port) : undefined
  const pools: ContractPool[] = []
  const { host, database } = server
  const where = { host, port: proxy?.port ?? server.port, database, max: behaviour.max ?? 3 }
  const open = (options: Partial<OpenOptions> = {}): ContractPool => {
    const leased = typeof behaviour.pool === 'function' ? behaviour.pool(server) : behaviour.pool
    const opened = subject.open({ ...where, name: `pool ${pools.length + 1}`, clock, ...leased, ...options }, credentials)
    pools.push(opened)
    return opened
  }
  const sessions = (user = source.prefix): Promise<number> => server.sessions(user)
  const pool = open()
  const scene: Scene = {
    server,
    source,
    credentials,
    pool,
    log,
    proxy,
    open,
    stock: (login) => subject.stock!(where, login),
    who: async (on) => String((await on.query(server.who))[0]!['who']),
    session: async (on) => Number((await on.query(server.session))[0]!['id']),
    openIdle: async (count) => {
      const borrowed = await Promise.all(Array.from({ length: count }, () => pool.borrow()))
      await Promise.all(borrowed.map((each) => each.query(server.who)))
      for (const each of borrowed) await each.release()
    },
    later: (ms) => clock.later(ms),
    user: () => credentials.current().username,
    sessions,
    untilSessions: async (count, user) =>
      void (await poll(`${count} sessions`, () => sessions(user), (open) => open === count, 10_000)), // prettier-ignore
    stats: () => credentials.status().pools.find(({ name }) => name.startsWith('pool 1'))!,
  }
  try {
    await behaviour.run(scene)
    await Promise.all(pools.map((pool) => pool.end().catch(() => undefined))) // some end theirs themselves
    await credentials.close()
    await poll('no session is left', () => sessions(), (count) => count === 0, 10_000) // prettier-ignore
    const left = async (): Promise<string[]> => (await server.users()).filter((user) => user.startsWith(source.prefix))
    await poll('no user is left', left, (users) => users.length === 0, 10_000)
  } finally {
    // After a failure: without waiting for what may never come back.
    for (const pool of pools) void pool.end().catch(() => undefined)
    await credentials.close()
    await proxy?.close()
  }
}
