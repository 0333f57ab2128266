import type { Clock } from '../clock'
import { ClosedError, VaultRefusedError } from '../errors'
import type { SourceReport } from '../events'
import type { SourceHost } from '../source'
import { JointSignal } from '../joint-signal'
import { TimeLimit } from '../time-limit'
import { unlessAborted } from '../unless-aborted'
import type { VaultClient } from './client'
import type { TokenGrant } from './grant'
import { askedAs } from '../names'
import type { Login } from './login'
import { VaultToken, type TokenHost } from './token'

/** How long revoking a token may take that nobody waits for, in ms. */
const REVOKE_TIMEOUT_MS = 5_000
/** How long one login may take, all its requests together, in ms. */
const LOGIN_TIMEOUT_MS = 60_000

/**
 * The Vault tokens of one login, shared by everybody who reads credentials with them: the one in use, and earlier ones that still have
 * leases. A lease dies with the token that issued it, so a token that is replaced stays alive until its last lease has been given back.
 */
export class VaultSession {
  readonly #client: VaultClient
  readonly #login: Login
  readonly #clock: Clock
  readonly #random: () => number
  /** By lease, and by request that may yet bring one. */
  readonly #owners = new Map<string | symbol, VaultToken>()
  readonly #hosts = new Set<SourceHost>()
  #holds = 0
  /** A login serves everybody who waits for it: it is not given up when the first of them gives up. */
  #closing = new AbortController()
  /** Until when the login is watched. */
  #watched: AbortSignal | undefined
  #token: VaultToken | undefined
  #loggingIn: Promise<VaultToken> | undefined

  constructor(options: { client: VaultClient; login: Login; clock: Clock; random: () => number }) {
    this.#client = options.client
    this.#login = options.login
    this.#clock = options.clock
    this.#random = options.random
  }

  /** Keeps the token when nobody uses it for the moment. Returns what ends this; the session closes when nobody is left. */
  hold(): (signal: AbortSignal) => Promise<void> {
    this.#holds += 1
    return async (signal) => {
      this.#holds -= 1
      await this.#closeIfUnused(signal)
    }
  }

  /** Joins, and logs in where nobody has. `host` hears of everything that happens to the tokens until it leaves. */
  async open(host: SourceHost, signal: AbortSignal): Promise<void> {
    this.#hosts.add(host)
    await this.#liveToken(signal)
  }

  /** Undoes {@link open}. After the last one has left, every token that we logged in for is revoked. */
  async leave(host: SourceHost, signal: AbortSignal): Promise<void> {
    this.#hosts.delete(host)
    await this.#closeIfUnused(signal)
  }

  /**
   * Runs a request with a live token. When it is refused because the token is dead, logs in again and runs it once more; a
   * refusal by policy is passed on.
   */
  async withToken<T>(request: (token: VaultToken) => Promise<T>, signal: AbortSignal): Promise<T> {
    const token = await this.#liveToken(signal)
    try {
      return await request(token)
    } catch (error) {
      if (!(error instanceof VaultRefusedError && error.status === 403)) throw error
      if (!this.#login.canLogIn && this.#login.whyNot === undefined) throw error
      if (!(await token.isDead(signal))) throw error
      token.died()
      if (!this.#login.canLogIn) throw this.#login.whyNot?.(this.#client) ?? error
      return request(await this.#replace(token, signal))
    }
  }

  /**
   * A lease is being asked for with this token, which is not revoked before what this returns is called: after {@link owns}, or when the
   * request has failed.
   */
  expects(token: VaultToken): () => void {
    const request = Symbol('request')
    this.#owners.set(request, token)
    return () => {
      const limit = new TimeLimit(this.#clock, REVOKE_TIMEOUT_MS)
      void this.disown(request, limit.signal).finally(() => limit.clear())
    }
  }

  /** Remembers which token issued a lease. */
  owns(leaseId: string, token: VaultToken): void {
    this.#owners.set(leaseId, token)
  }

  /** The lease is given back or gone; a replaced token that has no other is revoked. */
  async disown(leaseId: string | symbol, signal: AbortSignal): Promise<void> {
    const owner = this.#owners.get(leaseId)
    this.#owners.delete(leaseId)
    if (owner === undefined || owner === this.#token || [...this.#owners.values()].includes(owner)) return
    if (this.#login.ownsToken)
      await owner.revoke(signal).catch(() => undefined) // it is about to end anyway
    else owner.stop()
  }

  /** When the token behind a lease ends for good, where that is known. */
  hardEndMs(leaseId: string): number | undefined {
    return this.#owners.get(leaseId)?.hardEndMs
  }

  async #closeIfUnused(signal: AbortSignal): Promise<void> {
    if (this.#loggingIn !== undefined && this.#isUnused) await unlessAborted(this.#loggingIn, signal).catch(() => undefined)
    if (this.#isUnused) await this.#close(signal)
  }

  get #isUnused(): boolean {
    return this.#hosts.size === 0 && this.#holds === 0
  }

  /** Revokes every token that we logged in for; whatever lease one still has goes with it. */
  async #close(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new ClosedError('The Vault session'))
    this.#closing = new AbortController()
    const tokens = new Set([...this.#owners.values(), ...(this.#token === undefined ? [] : [this.#token])])
    this.#owners.clear()
    this.#token = undefined
    for (const token of tokens) token.stop()
    if (!this.#login.ownsToken) return
    await Promise.allSettled([...tokens].map((token) => token.revoke(signal)))
  }

  #liveToken(signal: AbortSignal): Promise<VaultToken> {
    const token = this.#token
    if (token === undefined) return this.#logIn(signal)
    return token.isSpent ? this.#replace(token, signal) : Promise.resolve(token)
  }

  async #replace(old: VaultToken, signal: AbortSignal): Promise<VaultToken> {
    if (this.#token !== old && this.#token !== undefined) return this.#token // somebody else was faster
    const token = await this.#logIn(signal)
    if (![...this.#owners.values()].includes(old)) old.stop()
    return token
  }

  #logIn(signal: AbortSignal): Promise<VaultToken> {
    this.#loggingIn ??= this.#logInOnce().finally(() => (this.#loggingIn = undefined))
    return unlessAborted(this.#loggingIn, signal)
  }

  async #logInOnce(): Promise<VaultToken> {
    if (this.#isUnused) throw new ClosedError('The Vault session')
    this.#watch()
    const grantedAtMs = this.#clock.nowMs()
    const grant = await this.#grant()
    const host: TokenHost = {
      clock: this.#clock,
      random: this.#random,
      report: (report) => this.#report(report),
      rotate: (reason) => {
        for (const one of [...this.#hosts]) one.rotate(reason)
      },
    }
    this.#report({ type: 'loggedIn', event: { method: this.#login.method, ttlMs: grant.ttlMs, ...askedAs(grant) } })
    return (this.#token = new VaultToken(grant, { client: this.#client, login: this.#login, host, grantedAtMs }))
  }

  /** Somebody else's token is taken as soon as it is there: the one in use may end with nobody renewing it. */
  #watch(): void {
    const { signal } = this.#closing
    if (this.#watched === signal) return
    this.#watched = signal
    this.#login.watch?.(this.#clock, signal, () => {
      this.#token?.outdated()
      for (const host of [...this.#hosts]) host.rotate('token-ending')
    })
  }

  /** Within a limit: what an app gives as a function may never settle, and everybody after it would wait for that. */
  async #grant(): Promise<TokenGrant> {
    const limit = new TimeLimit(this.#clock, LOGIN_TIMEOUT_MS, `No login within ${LOGIN_TIMEOUT_MS} ms`)
    const joint = new JointSignal(this.#closing.signal, limit.signal)
    try {
      return await unlessAborted(this.#login.logIn(this.#client, joint.signal), joint.signal)
    } finally {
      limit.clear()
      joint.clear()
    }
  }

  #report(report: SourceReport): void {
    for (const host of [...this.#hosts]) host.report(report)
  }
}
