import type { Lease } from '../../src/lease'
import { VaultRefusedError, VaultUnavailableError } from '../../src/errors'
import { TimeLimit } from '../../src/time-limit'
import { unlessAborted } from '../../src/unless-aborted'
import type { Abandoned, LeasedUser, VaultClient } from '../../src/vault/client'
import type { TokenGrant } from '../../src/vault/grant'
import type { FakeClock } from '../support/fake-clock'

/**
 * How Vault answers at the moment. `away`: not at all, at once; `hanging`: not at all, until the time limit; `refusing`: the policy for
 * leases is gone; `cut`: it does what it is asked and the answer is lost; `slow`: it makes a user, long after the time limit.
 */
export type Mood = 'well' | 'away' | 'hanging' | 'refusing' | 'cut' | 'slow'

export interface ModelRole {
  readonly ttlMs: number
  readonly maxTtlMs: number
  readonly renewable: boolean
  readonly tokenTtlMs: number
  /** Its explicit_max_ttl, or how long its role lets it be renewed. */
  readonly tokenMaxTtlMs: number
}

interface ModelToken {
  readonly createdAtMs: number
  endsAtMs: number
}

export interface ModelLease {
  readonly token: ModelToken
  readonly issuedAtMs: number
  endsAtMs: number
  /** The answer that it was in got lost: nobody can give it back. */
  unknown: boolean
  /** Giving it back was refused: nobody asks again. */
  refused: boolean
  /** Renewing it was refused: nobody asks again. */
  isSpent: boolean
  /** An operator revoked it, or its token. */
  killed: boolean
}

/** What a request takes, and may take at most, in ms. */
const LATENCY_MS = 5
export const REQUEST_TIMEOUT_MS = 2_000
const SLOW_MS = 7_000

const INFO = { address: 'http://model', method: 'POST', path: 'model' }

type Client = Pick<
  VaultClient,
  'login' | 'lookupToken' | 'renewToken' | 'revokeToken' | 'issue' | 'renewLease' | 'roleMaxTtl' | 'revokeLease'
>

/** Vault's tokens and leases, with the arithmetic of their ends, and nothing between us and it: in the place of `VaultClient`. */
export class ModelVault implements Client {
  mood: Mood = 'well'
  /** When each request was made. */
  readonly calls: number[] = []
  /** By user name. */
  readonly leases = new Map<string, ModelLease>()
  /** How many credentials were being issued at the same time at most. */
  mostIssuing = 0
  /** Leases that were still alive when their token was revoked. */
  leftToTokens = 0
  #issuing = 0
  readonly #tokens = new Map<string, ModelToken>()
  readonly #clock: FakeClock
  readonly #role: ModelRole

  constructor(clock: FakeClock, role: ModelRole) {
    this.#clock = clock
    this.#role = role
  }

  /** Whether the database lets this user log in, and does not throw it out. */
  isUsable(username: string): boolean {
    return this.usableForMs(username) > 0
  }

  usableForMs(username: string): number {
    const lease = this.leases.get(username)!
    return Math.min(lease.endsAtMs, lease.token.endsAtMs) - this.#clock.nowMs()
  }

  /** What no renewal gets past. */
  ceilingMs(username: string): number {
    const { issuedAtMs, token } = this.leases.get(username)!
    return Math.min(issuedAtMs + this.#role.maxTtlMs, token.createdAtMs + this.#role.tokenMaxTtlMs)
  }

  get liveLeases(): ModelLease[] {
    return [...this.leases].filter(([username]) => this.isUsable(username)).map(([, lease]) => lease)
  }

  revokeAllLeases(): void {
    for (const lease of this.liveLeases) this.#kill(lease)
  }

  revokeAllTokens(): void {
    for (const lease of this.liveLeases) this.#kill(lease)
    for (const token of this.#tokens.values()) token.endsAtMs = Math.min(token.endsAtMs, this.#clock.nowMs())
  }

  async login(_path: string, _body: object, signal: AbortSignal): Promise<TokenGrant> {
    await this.#request(signal)
    const nowMs = this.#clock.nowMs()
    const id = `secret-token-${this.#tokens.size + 1}`
    const ttlMs = Math.min(this.#role.tokenTtlMs, this.#role.tokenMaxTtlMs)
    this.#tokens.set(id, { createdAtMs: nowMs, endsAtMs: nowMs + ttlMs })
    this.#lose()
    return { token: id, ttlMs, renewable: true, truncated: ttlMs < this.#role.tokenTtlMs }
  }

  async lookupToken(id: string, signal: AbortSignal): Promise<TokenGrant> {
    await this.#request(signal)
    const token = this.#token(id)
    this.#lose()
    return { token: id, ttlMs: token.endsAtMs - this.#clock.nowMs(), renewable: true, truncated: false }
  }

  async renewToken(id: string, incrementMs: number, signal: AbortSignal): Promise<TokenGrant> {
    await this.#request(signal)
    const token = this.#token(id)
    const nowMs = this.#clock.nowMs()
    token.endsAtMs = Math.min(nowMs + incrementMs, token.createdAtMs + this.#role.tokenMaxTtlMs)
    this.#lose()
    const ttlMs = token.endsAtMs - nowMs
    return { token: id, ttlMs, renewable: true, truncated: ttlMs < incrementMs }
  }

  async revokeToken(id: string, signal: AbortSignal): Promise<void> {
    await this.#request(signal)
    const token = this.#token(id)
    this.leftToTokens += this.liveLeases.filter((lease) => lease.token === token && !lease.unknown && !lease.refused).length
    token.endsAtMs = this.#clock.nowMs()
    this.#lose()
  }

  /** As the real one: what is asked is done, whether or not somebody waits so long. */
  async issue(_path: string, tokenId: string, signal: AbortSignal, abandoned: Abandoned): Promise<LeasedUser> {
    this.mostIssuing = Math.max(this.mostIssuing, (this.#issuing += 1))
    const limit = new TimeLimit(this.#clock, REQUEST_TIMEOUT_MS)
    const answer = this.#issue(tokenId)
    try {
      return await unlessAborted(answer, AbortSignal.any([signal, limit.signal]))
    } catch (cause) {
      if (signal.aborted || limit.hasPassed) abandoned(answer)
      throw limit.hasPassed ? new VaultUnavailableError(INFO, 'slow') : cause
    } finally {
      limit.clear()
      this.#issuing -= 1
    }
  }

  async renewLease(lease: Lease, tokenId: string, signal: AbortSignal): Promise<Lease> {
    await this.#request(signal)
    this.#token(tokenId)
    const known = this.leases.get(lease.id)!
    known.isSpent ||= this.mood === 'refusing'
    this.#refuse()
    const nowMs = this.#clock.nowMs()
    if (!this.isUsable(lease.id)) throw new VaultRefusedError(INFO, 400, ['lease not found'])
    known.endsAtMs = Math.min(nowMs + lease.ttlMs, known.issuedAtMs + this.#role.maxTtlMs)
    this.#lose()
    const { endsAtMs } = known
    return { ...lease, renewedAtMs: nowMs, endsAtMs, truncated: endsAtMs < nowMs + lease.ttlMs }
  }

  async roleMaxTtl(_path: string, tokenId: string, signal: AbortSignal): Promise<undefined> {
    await this.#request(signal)
    this.#token(tokenId)
    this.#lose()
  }

  async revokeLease(id: string, tokenId: string, signal: AbortSignal): Promise<void> {
    await this.#request(signal)
    this.#token(tokenId)
    const lease = this.leases.get(id)!
    lease.refused = this.mood === 'refusing'
    this.#refuse()
    lease.endsAtMs = Math.min(lease.endsAtMs, this.#clock.nowMs())
    this.#lose()
  }

  async #issue(tokenId: string): Promise<LeasedUser> {
    const askedAtMs = this.#clock.nowMs()
    if (this.mood === 'slow') await this.#clock.sleep(SLOW_MS)
    await this.#request()
    const token = this.#token(tokenId)
    this.#refuse()
    const username = `user-${this.leases.size + 1}`
    const ttlMs = Math.min(this.#role.ttlMs, this.#role.maxTtlMs)
    const unknown = this.mood === 'cut'
    const issuedAtMs = this.#clock.nowMs()
    this.leases.set(username, {
      token,
      issuedAtMs,
      endsAtMs: issuedAtMs + ttlMs,
      unknown,
      refused: false,
      isSpent: false,
      killed: false,
    })
    this.#lose()
    const times = { issuedAtMs: askedAtMs, renewedAtMs: askedAtMs, endsAtMs: askedAtMs + ttlMs }
    const { renewable } = this.#role
    return { username, password: 'secret-password', lease: { id: username, ttlMs, renewable, truncated: false, ...times } }
  }

  async #request(signal?: AbortSignal): Promise<void> {
    this.calls.push(this.#clock.nowMs())
    await this.#clock.sleep(this.mood === 'hanging' ? REQUEST_TIMEOUT_MS : LATENCY_MS, signal)
    if (this.mood === 'away' || this.mood === 'hanging') throw new VaultUnavailableError(INFO, 'away')
  }

  #token(id: string): ModelToken {
    const token = this.#tokens.get(id)
    if (token === undefined || token.endsAtMs <= this.#clock.nowMs())
      throw new VaultRefusedError(INFO, 403, ['permission denied'])
    return token
  }

  #refuse(): void {
    if (this.mood === 'refusing') throw new VaultRefusedError(INFO, 403, ['permission denied'])
  }

  #lose(): void {
    if (this.mood === 'cut') throw new VaultUnavailableError(INFO, 'cut in the middle of the answer')
  }

  #kill(lease: ModelLease): void {
    lease.endsAtMs = this.#clock.nowMs()
    lease.killed = true
  }
}
