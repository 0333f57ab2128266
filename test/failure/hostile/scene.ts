import { classifyDatabaseError, LeasedCredentials } from '@leasepool/core'
import { expect } from 'vitest'
import type { ContractServer } from '../../contract/server'
import type { Borrowed, ContractPool, Row, Subject } from '../../contract/subjects/subject'
import { logEvents, type EventLog } from '../../support/app'
import { startHostileProxy, type HostileProxy } from '../../support/hostile-proxy'
import { poll } from '../../support/poll'
import { UserSource } from '../../support/user-source'

/** The limits that users set, in ms. What is leasepool's own has its defaults, which are longer. */
export const LIMITS = { connectMs: 800, queryMs: 800, probeMs: 1_000, closeMs: 300 }
/** For a machine with other things to do, in ms. */
const MARGIN_MS = 5_000
/** Constants of leasepool: for a goodbye that nobody answers, for giving up a probe, for giving leases back. In ms. */
const GOODBYE_MS = 5_000
const PROBE_GRACE_MS = 2_000
/** A cluster of mysql2 asks a node so many times. */
const CLUSTER_TRIES = 5

export const MAX = 2

export interface HostileScene {
  readonly server: ContractServer
  readonly subject: Subject
  readonly proxy: HostileProxy
  readonly credentials: LeasedCredentials
  readonly pool: ContractPool
  readonly log: EventLog
  readonly source: UserSource
  /** How callers failed. */
  readonly failures: Set<string>
}

export async function openScene(subject: Subject, server: ContractServer): Promise<HostileScene> {
  const source = new UserSource(server)
  const proxy = await startHostileProxy(server.port, server.kind === 'postgres' ? 'postgres' : 'mysql')
  const credentials = await LeasedCredentials.start(source, {
    probeTimeoutMs: LIMITS.probeMs,
    closeTimeoutMs: LIMITS.closeMs,
    drainDeadlineMs: 1_000,
  })
  const { host, database } = server
  const { connectMs, queryMs } = LIMITS
  const where = { host, port: proxy.port, database, max: MAX, name: 'hostile' }
  const pool = subject.open({ ...where, patience: { connectMs, queryMs } }, credentials)
  return { server, subject, proxy, credentials, pool, log: logEvents(credentials), source, failures: new Set() }
}

/** What comes of `doing`, which must settle in time, and fail as a driver does or we do. */
export async function settled<T>(scene: HostileScene, what: string, doing: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, limitMs + MARGIN_MS, 'late')))
  const outcome = doing.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  const first = await Promise.race([outcome, late])
  clearTimeout(timer)
  if (first === 'late') throw new Error(`${what} did not settle within ${limitMs} ms and ${MARGIN_MS} more`)
  if ('value' in first) return first.value
  expectAsDriversFail(first.error)
  scene.failures.add(`${what}: ${describeError(first.error)}`)
  return undefined
}

/** Not a mistake in code, and not taken for a matter of credentials. */
function expectAsDriversFail(error: unknown): void {
  expect(error).toBeInstanceOf(Error)
  const { name, message } = error as Error
  // mysql2 hands on what its parser threw.
  const isMistake = (error as { fatal?: unknown }).fatal !== true
  if (isMistake) expect(['TypeError', 'RangeError', 'AssertionError', 'ReferenceError'], message).not.toContain(name)
  expect(['credential-refused', 'permission-lost'], message).not.toContain(classifyDatabaseError(error))
}

function describeError(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string }
  return `${code === undefined ? '' : `[${String(code)}] `}${message.split('\n')[0]}`
}

/** The longest that somebody who asks for a connection, or for a connection and an answer, may wait. */
export function acquireLimitMs({ subject }: HostileScene): number {
  return LIMITS.connectMs * (subject.name === 'mysql2 cluster' ? CLUSTER_TRIES : 1)
}

export function queryLimitMs(scene: HostileScene): number {
  return acquireLimitMs(scene) + LIMITS.queryMs
}

/** A connection of a pool that works; on a machine that is busy it may take more than one attempt. */
export function borrowed(scene: HostileScene): Promise<Borrowed> {
  const borrow = (): Promise<Borrowed | undefined> => settled(scene, 'borrow', scene.pool.borrow(), acquireLimitMs(scene))
  return poll('a connection', borrow, (given) => given !== undefined) as Promise<Borrowed>
}

/** All who ask while it lasts get an answer in time, one after the other and together. */
export async function callersDuring(scene: HostileScene): Promise<void> {
  const { pool } = scene
  const limitMs = queryLimitMs(scene)
  const asking = Array.from({ length: 2 * MAX }, () => settled(scene, 'query', pool.query('SELECT 1 AS one'), limitMs))
  await Promise.all(asking)
  const given = await settled(scene, 'borrow', pool.borrow(), acquireLimitMs(scene))
  if (given === undefined) return
  await settled(scene, 'query on a borrowed connection', given.query('SELECT 1 AS one'), LIMITS.queryMs)
  await given.release()
}

/** Does not hang, and promotes nobody who could not log in. Who could not be tried, since no slot came free, is: an event says so. */
export async function rotateDuring(scene: HostileScene, serves: boolean): Promise<void> {
  const { credentials, log } = scene
  const before = credentials.generation
  const limitMs = LIMITS.probeMs + PROBE_GRACE_MS
  const failure = await settledRotation(credentials, limitMs)
  if (failure !== undefined) expect(failure).toMatchObject({ code: 'ERR_PROBE' })
  const skipped = log.of('probeSkipped').map(({ generation }) => generation)
  if (!serves && !skipped.includes(credentials.generation)) expect(credentials.generation).toBe(before)
}

async function settledRotation(credentials: LeasedCredentials, limitMs: number): Promise<unknown> {
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, limitMs + MARGIN_MS, 'late').unref())
  const rotating = credentials.rotate().then(
    () => undefined,
    (error: unknown) => error,
  )
  const first = await Promise.race([rotating, late])
  if (first === 'late') throw new Error(`A rotation did not settle within ${limitMs} ms and ${MARGIN_MS} more`)
  return first
}

async function whoIs(scene: HostileScene, connection: Borrowed | undefined): Promise<Row[] | undefined> {
  if (connection === undefined) return undefined
  return settled(scene, 'query on a borrowed connection', connection.query(scene.server.who), LIMITS.queryMs)
}

/** By itself: all slots serve, at the same time. */
export async function recovered(scene: HostileScene): Promise<void> {
  const { pool, source } = scene
  const all = async (): Promise<number> => {
    const given = (await Promise.all(
      Array.from({ length: MAX }, () => settled(scene, 'borrow', pool.borrow(), acquireLimitMs(scene))),
    )) as (Borrowed | undefined)[]
    const answers = await Promise.all(given.map((each) => whoIs(scene, each)))
    for (const each of given) await each?.release()
    return answers.filter((rows) => String(rows?.[0]?.['who']).startsWith(source.prefix)).length
  }
  await poll('every slot serves', all, (count) => count === MAX, 30_000)
}

/** And the sockets of the user before are gone. */
export async function rotateAfter(scene: HostileScene): Promise<void> {
  const { credentials, pool, server, source } = scene
  const old = credentials.current().username
  await poll('it rotates', () => settledRotation(credentials, 10_000), (failure) => failure === undefined, 30_000) // prettier-ignore
  const who = async (): Promise<unknown> => (await settled(scene, 'query', pool.query(server.who), 10_000))?.[0]?.['who']
  await poll('the new user serves', who, (user) => user === credentials.current().username, 30_000)
  await poll('the old user is gone', () => source.revoked, (revoked) => revoked.includes(old), 30_000) // prettier-ignore
  // MariaDB and MySQL list a session for a moment after its socket has closed.
  await poll('its sessions are gone', () => server.sessions(old), (count) => count === 0) // prettier-ignore
}

/** Ends everything while it lasts; nothing is left. */
export async function endDuring(scene: HostileScene): Promise<void> {
  const { pool, credentials, proxy, source, server } = scene
  await settled(scene, 'pool.end()', pool.end(), GOODBYE_MS)
  await poll('no socket is left', () => proxy.open, (count) => count === 0, 4_000) // prettier-ignore
  await settled(scene, 'credentials.close()', credentials.close(), LIMITS.closeMs + GOODBYE_MS)
  const left = async (): Promise<string[]> => (await server.users()).filter((user) => user.startsWith(source.prefix))
  expect(await left()).toEqual([])
}
