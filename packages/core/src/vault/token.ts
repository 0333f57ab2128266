import { Alarm } from '../alarm'
import type { Clock } from '../clock'
import { askedAs } from '../names'
import { isRefusal, VaultRefusedError } from '../errors'
import { retryInMs as delayAfter } from '../retry'
import { renewAtMs } from '../schedule'
import type { SourceHost } from '../source'
import type { VaultClient } from './client'
import type { TokenGrant } from './grant'
import type { Login } from './login'

/** Whom a token tells what happens to it. */
export type TokenHost = Omit<SourceHost, 'abandoned'>

/** One Vault token, kept alive as long as Vault allows. Its text is only to be had from `value`. */
export class VaultToken {
  readonly #value: string
  readonly #client: VaultClient
  readonly #login: Login
  readonly #host: TokenHost
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #stopped = new AbortController()
  /** What is asked for at each renewal. */
  readonly #ttlMs: number | undefined
  /** The end that no renewal can get past, where it is known from the start. */
  readonly #limitMs: number | undefined
  #renewedAtMs: number
  #endsAtMs: number | undefined
  #canRenew: boolean
  #attempt = 0
  #spent = false

  constructor(grant: TokenGrant, options: { client: VaultClient; login: Login; host: TokenHost; grantedAtMs: number }) {
    this.#value = grant.token
    this.#client = options.client
    this.#login = options.login
    this.#host = options.host
    this.#clock = options.host.clock
    this.#ttlMs = grant.ttlMs
    this.#renewedAtMs = options.grantedAtMs
    this.#endsAtMs = grant.ttlMs === undefined ? undefined : options.grantedAtMs + grant.ttlMs
    this.#limitMs = grant.hardEndInMs === undefined ? undefined : options.grantedAtMs + grant.hardEndInMs
    this.#canRenew = grant.renewable && !grant.truncated
    this.#alarm = new Alarm(this.#clock, () => void this.#due())
    this.#schedule()
  }

  get value(): string {
    return this.#value
  }

  /** When it ends for good; `undefined` while it can be renewed for as long as anybody knows, or does not end. */
  get hardEndMs(): number | undefined {
    return this.#canRenew ? this.#limitMs : this.#endsAtMs
  }

  /** It cannot be renewed and a new one can be had: issue with that. */
  get isSpent(): boolean {
    return this.#spent && this.#login.canLogIn
  }

  stop(): void {
    this.#alarm.clear()
    this.#stopped.abort(new Error('The token is no longer kept'))
  }

  /** Somebody found out that Vault no longer knows it: what is under way with it fails, and is no news. */
  died(): void {
    this.stop()
    this.#canRenew = false
    this.#endsAtMs = this.#clock.nowMs()
  }

  /** There is another that should be taken in its place; its own leases need it until they are given back. */
  outdated(): void {
    this.#spent = true
  }

  /** Tells a 403 of the policy, or of something in between, from a dead token: only for that one is the look-up refused too. */
  async isDead(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.lookupToken(this.#value, signal)
      return false
    } catch (error) {
      return error instanceof VaultRefusedError && error.status === 403
    }
  }

  async revoke(signal: AbortSignal): Promise<void> {
    this.stop()
    await this.#client.revokeToken(this.#value, signal)
  }

  /** The next renewal, or (at the same share of its time) the next login. */
  #schedule(): void {
    if (this.#endsAtMs === undefined) return
    this.#alarm.set(renewAtMs({ renewedAtMs: this.#renewedAtMs, endsAtMs: this.#endsAtMs }, this.#host.random()))
  }

  async #due(): Promise<void> {
    if (!this.#canRenew) return this.#ending()
    const askedAtMs = this.#clock.nowMs()
    try {
      const grant = await this.#client.renewToken(this.#value, this.#ttlMs ?? 0, this.#stopped.signal)
      if (!this.#stopped.signal.aborted) this.#renewed(grant, askedAtMs)
    } catch (cause) {
      const isForbidden = cause instanceof VaultRefusedError && cause.status === 403
      const isDead = isForbidden && (await this.isDead(this.#stopped.signal))
      if (!this.#stopped.signal.aborted) this.#failed(cause, isDead)
    }
  }

  #renewed(grant: TokenGrant, askedAtMs: number): void {
    this.#attempt = 0
    this.#renewedAtMs = askedAtMs
    this.#endsAtMs = grant.ttlMs === undefined ? undefined : askedAtMs + grant.ttlMs
    this.#canRenew = grant.renewable && !grant.truncated
    this.#host.report({ type: 'tokenRenewed', event: { ttlMs: grant.ttlMs ?? 0, truncated: grant.truncated, ...askedAs(grant) } })
    if (this.#canRenew) this.#schedule()
    else this.#ending()
  }

  #failed(cause: unknown, isDead: boolean): void {
    const nowMs = this.#clock.nowMs()
    const refused = isRefusal(cause)
    if (isDead) this.#endsAtMs = nowMs
    const remainingMs = (this.#endsAtMs ?? 0) - nowMs
    const delayMs = delayAfter(cause, (this.#attempt += 1), remainingMs, this.#host.random())
    const retryInMs = refused || delayMs >= remainingMs ? undefined : delayMs
    this.#host.report({ type: 'tokenRenewFailed', event: { attempt: this.#attempt, retryInMs, cause } })
    if (retryInMs === undefined) this.#ending()
    else this.#alarm.set(nowMs + retryInMs)
  }

  #ending(): void {
    const isReplaced = this.#spent // as outdated: a rotation is asked for already
    this.#canRenew = false
    this.#spent = true
    this.#alarm.clear()
    if (isReplaced) return
    const { canLogIn } = this.#login
    const endsInMs = Math.max(0, Math.round((this.#endsAtMs ?? 0) - this.#clock.nowMs()))
    this.#host.report({ type: 'tokenSpent', event: { endsInMs, canLogIn } })
    if (canLogIn) this.#host.rotate('token-ending')
  }
}
