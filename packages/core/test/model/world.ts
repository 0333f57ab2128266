import type { LeasedCredentialsEvents } from '../../src/events'
import type { Credential } from '../../src/credential'
import { LeasedCredentials } from '../../src/leased-credentials'
import { VaultDynamicRole } from '../../src/sources/vault-dynamic-role'
import { appRoleLogin } from '../../src/vault/auth/app-role'
import type { VaultClient } from '../../src/vault/client'
import { VaultSession } from '../../src/vault/session'
import { randomFrom } from '../../../../test/support/random'
import { FakeClock, settled } from '../support/fake-clock'
import { ModelPool } from './model-pool'
import { ModelVault, type ModelRole, type Mood } from './model-vault'

export interface WorldFacts extends ModelRole {
  readonly isMaxTtlGiven: boolean
  readonly rotateFraction: number
  readonly drainDeadlineMs: number
  readonly seed: number
}

/** One thing that happens. Durations are shares of the lease's ttl. */
export type Step =
  | { readonly do: 'wait' | 'stop' | 'suspend'; readonly ttls: number }
  | { readonly do: 'mood'; readonly mood: Mood }
  | { readonly do: 'database'; readonly isUp: boolean }
  | { readonly do: 'revoke-leases' | 'revoke-tokens' | 'rotate' | 'borrow' | 'give-back' }

/** A failed attempt may come so long before Vault is back that the next one comes so much later, in ms. */
const LONGEST_RETRY_MS = 31_000
/** A credential that has at least so much left when trouble ends is kept, or replaced in time, in ms. */
const ENOUGH_MS = 8_000
/** What a login, a read and a probe take at most while all is well, in ms. */
const SHORTLY_MS = 1_000
/** In 10 s, where nobody of those who ask (the rotation, the token, each lease) asks twice within 100 ms, and mostly far less often. */
const MOST_CALLS = 250

/** A handle in its world, and what must hold whatever happens there. */
export class World {
  readonly #facts: WorldFacts
  readonly #clock = new FakeClock(0)
  readonly #vault: ModelVault
  readonly #pool: ModelPool
  readonly #events: string[] = []
  #credentials!: LeasedCredentials
  /** Until then nobody can ask for a credential that works. */
  #excusedUntilMs = 0
  /** Since when Vault and the database are as they are. */
  #weatherMs = 0
  /** Requests to Vault in 10 s, at most. */
  mostCalls = 0
  /** When each generation was replaced. */
  readonly #retiredAtMs = new Map<number, number>()
  #isClosing = false
  /** What was seen where an error would not get through. */
  readonly #broken: string[] = []

  constructor(facts: WorldFacts) {
    this.#facts = facts
    this.#vault = new ModelVault(this.#clock, facts)
    this.#pool = new ModelPool(this.#clock)
    this.#pool.canLogIn = (username) => this.#vault.isUsable(username)
  }

  async start(): Promise<void> {
    const { isMaxTtlGiven, rotateFraction, drainDeadlineMs, maxTtlMs, seed } = this.#facts
    const clock = this.#clock
    const random = randomFrom(seed)
    const client = Object.assign(this.#vault, { address: 'http://model' }) as unknown as VaultClient
    const login = appRoleLogin('auth', { method: 'approle', roleId: 'app', secretId: 'secret-id-of-app' })
    const session = new VaultSession({ client, login, clock, random })
    const source = new VaultDynamicRole({ client, session, clock, role: 'app', ...(isMaxTtlGiven && { maxTtlMs }) })
    const starting = LeasedCredentials.start(source, { clock, random, rotateFraction, drainDeadlineMs })
    await this.#clock.advance(100)
    this.#credentials = await starting
    this.#credentials.attach(this.#pool)
    this.#pool.onForced = (credential) => this.#checkForced(credential)
    this.#credentials.on('rotated', ({ from }) => this.#retiredAtMs.set(from, this.#clock.nowMs()))
    this.#listen()
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'wait':
        await this.#wait(step.ttls * this.#facts.ttlMs)
        break
      case 'stop':
        this.#clock.jump(step.ttls * this.#facts.ttlMs)
        await this.#clock.advance(0)
        // A rotation that was stopped in the middle may have failed, and waits as long as it must after so many failures.
        this.#excuseUnlessLive(this.#credentials.status().failedRotations > 0 ? LONGEST_RETRY_MS : SHORTLY_MS)
        break
      case 'suspend': {
        const ms = step.ttls * this.#facts.ttlMs
        this.#clock.suspend(ms)
        break
      }
      case 'mood':
        this.#vault.mood = step.mood
        this.#weatherMs = this.#clock.nowMs()
        this.#excuseUnlessLive(LONGEST_RETRY_MS)
        break
      case 'database':
        this.#pool.isDatabaseUp = step.isUp
        this.#weatherMs = this.#clock.nowMs()
        this.#excuseUnlessLive(LONGEST_RETRY_MS)
        break
      case 'revoke-leases':
        this.#vault.revokeAllLeases()
        this.#excuse(this.#facts.ttlMs + SHORTLY_MS)
        break
      case 'revoke-tokens':
        this.#vault.revokeAllTokens()
        this.#excuse(this.#facts.ttlMs + SHORTLY_MS)
        break
      case 'rotate':
        this.#credentials.rotate().catch(() => undefined)
        break
      case 'borrow':
        if (this.#vault.isUsable(this.#credentials.current().username)) this.#pool.borrow(this.#credentials.current())
        break
      case 'give-back':
        this.#pool.giveBack()
        break
    }
    await settled()
    this.#check()
  }

  /** All trouble ends, everybody gives back, the handle is closed: what must be true then. */
  async end(): Promise<void> {
    this.#vault.mood = 'well'
    this.#pool.isDatabaseUp = true
    this.#excuseUnlessLive(LONGEST_RETRY_MS)
    while (this.#pool.borrowed.length > 0) this.#pool.giveBack()
    await this.#wait(this.#facts.ttlMs + LONGEST_RETRY_MS + 2 * SHORTLY_MS)
    this.#isRightSoLong()
    this.#isClosing = true
    if (this.#facts.seed % 2 === 0) this.#credentials.rotate().catch(() => undefined) // closed while it asks for a user
    const closing = this.#credentials.close()
    await this.#clock.advance(60_000)
    await closing
    const left = this.#vault.liveLeases.filter((lease) => !lease.unknown)
    holds(left.length === 0, `${left.length} leases are left after close()`)
    holds(this.#vault.leftToTokens === 0, `${this.#vault.leftToTokens} leases were not given back before their token`)
    holds(this.#clock.pending === 0, `${this.#clock.pending} timers are left after close()`)
    this.#checkCalls()
  }

  /** Nothing has happened for long: one lease is alive, and all is said to be well. */
  #isRightSoLong(): void {
    const left = this.#vault.liveLeases.filter((lease) => !lease.unknown && !lease.refused)
    const { health, isRotating, draining } = this.#credentials.status()
    const inUse = 1 + draining.length + (isRotating ? 1 : 0)
    holds(left.length >= 1 && left.length <= inUse, `in calm weather ${left.length} leases are alive, and ${inUse} in use`)
    holds(health.state === 'healthy', `in calm weather health is ${health.state}: ${health.reasons.join()}`)
  }

  /** In pieces, to see what is between. */
  async #wait(ms: number): Promise<void> {
    const pieces = 4
    for (let piece = 0; piece < pieces; piece++) {
      await this.#clock.advance(ms / pieces)
      this.#check()
    }
  }

  #check(): void {
    holds(this.#broken.length === 0, this.#broken.join('; '))
    const current = this.#credentials.current()
    if (!this.#isExcused) holds(this.#vault.isUsable(current.username), 'the current credential does not work')
    for (const { generation, username } of this.#pool.borrowed) {
      const lease = this.#vault.leases.get(username)!
      const isDraining = generation !== current.generation
      holds(!isDraining || lease.killed || this.#vault.isUsable(username), 'a user was dropped while its connection drained')
    }
    holds(this.#vault.mostIssuing <= 1, 'two credentials were issued at the same time')
    holds(this.#pool.mostProbing <= 1, 'two candidates were probed at the same time')
    JSON.stringify(this.#credentials.status())
  }

  get #isExcused(): boolean {
    const isTrouble = this.#vault.mood !== 'well' || !this.#pool.isDatabaseUp
    return isTrouble || this.#clock.nowMs() <= this.#excusedUntilMs
  }

  /** A transaction is cut short only when its time is up, or nothing can extend its lease. */
  #checkForced({ generation, username }: Credential): void {
    if (this.#isClosing || this.#isExcused || !this.#facts.renewable) return
    // The next try to renew it comes when a third of what is left has gone by: too late for one whose end is so near.
    if (this.#clock.nowMs() < this.#weatherMs + ENOUGH_MS) return
    const retiredAtMs = this.#retiredAtMs.get(generation)!
    const nowMs = this.#clock.nowMs()
    const isUp = nowMs >= retiredAtMs + this.#facts.drainDeadlineMs - 1
    const couldLiveMs = this.#vault.ceilingMs(username) - nowMs
    const isSpent = couldLiveMs < this.#facts.ttlMs || this.#vault.leases.get(username)!.isSpent
    if (!isUp && !isSpent) this.#broken.push(`generation ${generation} was cut short with ${couldLiveMs} ms to live`)
  }

  /** So many requests, and no more, in any 10 s: each of those who ask does it rarely. */
  #checkCalls(): void {
    const { calls } = this.#vault
    for (let last = 0, first = 0; last < calls.length; last++) {
      while (calls[last]! - calls[first]! > 10_000) first += 1
      this.mostCalls = Math.max(this.mostCalls, last - first + 1)
    }
    holds(this.mostCalls <= MOST_CALLS, `${this.mostCalls} requests in 10 s`)
  }

  #excuse(ms: number): void {
    this.#excusedUntilMs = Math.max(this.#excusedUntilMs, this.#clock.nowMs() + ms)
  }

  #excuseUnlessLive(ms: number): void {
    const usableForMs = this.#vault.usableForMs(this.#credentials.current().username)
    // Where the answers to renewals were lost, it lives for longer than anybody here knows.
    const { endsInMs = Infinity } = this.#credentials.status()
    if (Math.min(usableForMs, endsInMs) < ENOUGH_MS) this.#excuse(ms)
  }

  #listen(): void {
    const names: (keyof LeasedCredentialsEvents)[] = [
      'issued',
      'renewed',
      'renewFailed',
      'rotationStarted',
      'rotated',
      'rotationFailed',
      'drained',
      'revoked',
      'revokeFailed',
      'loggedIn',
      'tokenRenewed',
      'tokenRenewFailed',
      'tokenSpent',
      'healthChanged',
      'wokeUp',
    ]
    for (const name of names) {
      this.#credentials.on(name, (event: unknown) => {
        const line = `${Math.round(this.#clock.nowMs())} ${name} ${JSON.stringify(event)}`
        if (line.includes('secret-')) this.#broken.push(`a secret in ${line}`)
        this.#events.push(line)
      })
    }
  }

  /** What happened, for whoever has to find out why. */
  get story(): string {
    return this.#events.slice(-40).join('\n')
  }
}

/** `expect` takes far longer than what it looks at. */
function holds(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new Error(otherwise)
}
