import { VaultRefusedError, VaultUnavailableError } from '../../../src/errors'
import type { LeasedCredentialsEvents } from '../../../src/events'
import { LeasedCredentials } from '../../../src/leased-credentials'
import type { LeasedCredentialsOptions } from '../../../src/leased-credentials-options'
import { fallback, type FallbackOptions } from '../../../src/sources/fallback'
import type { CredentialSource } from '../../../src/source'
import { FakeClock } from '../../support/fake-clock'
import { FakePool } from '../../support/fake-pool'
import { FakeSource } from '../../support/fake-source'

export const HOUR = 3_600_000
export const MINUTE = 60_000
const request = { address: 'http://vault', method: 'GET', path: 'database/creds/app' }
export const away = new VaultUnavailableError(request, 'away')
export const refused = new VaultRefusedError(request, 403, ['permission denied'])
export const badPassword = Object.assign(new Error('password authentication failed'), { code: '28P01' })

/** Vault that can be away: it neither issues nor renews then. */
export class Outages extends FakeSource {
  constructor(clock: FakeClock, calls: string[] = []) {
    super(clock, calls)
    this.description = 'vault'
  }

  cut(error: Error = away): void {
    this.onIssue = this.onRenew = this.onRevoke = () => Promise.reject(error)
  }

  restore(): void {
    this.onIssue = this.onRenew = this.onRevoke = undefined
  }
}

/** A login that does not end, and counts how often it was asked for. */
export class BreakGlass implements CredentialSource {
  readonly description = 'break-glass'
  asked = 0
  opened = 0
  closed = 0
  error: Error | undefined

  open(): Promise<void> {
    this.opened += 1
    return Promise.resolve()
  }

  issue(): Promise<{ username: string; password: string }> {
    this.asked += 1
    return this.error === undefined ? Promise.resolve({ username: 'glass', password: 'p' }) : Promise.reject(this.error)
  }

  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }
}

type Moves = LeasedCredentialsEvents['fellBack'][0] | LeasedCredentialsEvents['cameBack'][0]

export function bed(options: FallbackOptions = {}) {
  const clock = new FakeClock(0)
  const calls: string[] = []
  const vault = new Outages(clock, calls)
  const glass = new BreakGlass()
  const start = async (more: LeasedCredentialsOptions = {}, sources: CredentialSource[] = [vault, glass]) => {
    const starting = LeasedCredentials.start(fallback(sources, options), { clock, random: () => 0, ...more })
    starting.catch(() => undefined)
    return { starting, started: () => starting.then((credentials) => watched(credentials, clock)) }
  }
  return { clock, calls, vault, glass, start }
}

function watched(credentials: LeasedCredentials, clock: FakeClock) {
  const pool = new FakePool('a')
  credentials.attach(pool)
  const rotated: [atMs: number, reason: string, username: string][] = []
  const moves: [name: string, event: Moves][] = []
  credentials.on('rotated', ({ reason, username }) => rotated.push([clock.nowMs(), reason, username]))
  credentials.on('fellBack', (event) => moves.push(['fellBack', event]))
  credentials.on('cameBack', (event) => moves.push(['cameBack', event]))
  /** Closes, and lets the time pass that giving back takes while Vault is away. */
  const end = async (): Promise<void> => {
    const closing = credentials.close()
    await clock.advance(MINUTE)
    await closing
  }
  return { credentials, pool, rotated, moves, user: () => credentials.current().username, end }
}
