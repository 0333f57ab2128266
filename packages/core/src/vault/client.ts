import { VaultAnswerError, VaultRefusedError, VaultUnavailableError, type VaultRequestInfo } from '../errors'
import type { IssuedCredential } from '../source'
import type { Clock } from '../clock'
import type { Lease } from '../lease'
import { JointSignal } from '../joint-signal'
import { unlessAborted } from '../unless-aborted'
import { grantOf, hasTruncation, lookedUp, type TokenGrant } from './grant'
import { asRecord, recordAt, requestIdOf } from './json'
import type { CallOptions, VaultApi } from './node-vault'

export interface VaultClientOptions {
  readonly api: VaultApi
  /** Where it leads, for messages. */
  readonly address: string
  readonly requestTimeoutMs: number
  readonly clock: Clock
}

/** What Vault says of a static role's user. */
export interface StaticUser {
  readonly username: string
  readonly password: string
  /** When Vault set this password, as it says it: to compare with, nothing else. */
  readonly rotation: string
  /** How long until Vault sets another one; 0: about to. It may be some seconds late. */
  readonly ttlMs: number
}

export type LeasedUser = IssuedCredential & { readonly lease: Lease }

/** Gets an answer that is still to come, and that nobody waits for. */
export type Abandoned = (answer: Promise<LeasedUser>) => void

/** How long a request that makes a user may take before it is cut off, in ms: Vault itself gives up after 90 s unless told otherwise. */
const LONGEST_REQUEST_MS = 100_000

/**
 * The few requests that leasepool makes, over node-vault. Seconds become milliseconds here and nowhere else.
 * All reject with a `VaultError`.
 */
export class VaultClient {
  readonly address: string
  readonly #api: VaultApi
  readonly #clock: Clock
  readonly #requestTimeoutMs: number

  constructor({ api, address, requestTimeoutMs, clock }: VaultClientOptions) {
    this.#api = api
    this.address = address
    this.#clock = clock
    this.#requestTimeoutMs = requestTimeoutMs
  }

  /** Logs in at `auth/<mount>/<path>`. Rejects with `VaultLoginError` for a token that is of no use. */
  async login(path: string, body: object, signal: AbortSignal): Promise<TokenGrant> {
    return grantOf(this.#info('POST', path), await this.#write(path, body, { signal }))
  }

  /** What Vault says of a token; rejects with status 403 when it is dead. */
  async lookupToken(token: string, signal: AbortSignal): Promise<TokenGrant> {
    const path = 'auth/token/lookup-self'
    return lookedUp(this.#info('GET', path), await this.#read(path, { token, signal }), token)
  }

  async renewToken(token: string, incrementMs: number, signal: AbortSignal): Promise<TokenGrant> {
    const path = 'auth/token/renew-self'
    const increment = Math.ceil(incrementMs / 1000)
    const body = await this.#write(path, { increment: `${increment}s` }, { token, signal })
    // A login whose user or role is gone is answered with 204: nothing was renewed, and nothing will be.
    if (recordAt(body, 'auth') === undefined) {
      throw new VaultRefusedError(this.#info('POST', path), 204, ['nothing was renewed'])
    }
    const grant = grantOf(this.#info('POST', path), body, token)
    return { ...grant, truncated: grant.ttlMs !== undefined && (grant.ttlMs < increment * 1000 || hasTruncation(body)) }
  }

  async revokeToken(token: string, signal: AbortSignal): Promise<void> {
    await this.#write('auth/token/revoke-self', {}, { token, signal })
  }

  /**
   * A new database user of a dynamic role. Never retried blindly: a lost answer has made a user all the same. Nor is the request cut off
   * when `signal` aborts or `requestTimeoutMs` have passed: Vault makes the user, and keeps no lease of it, when it sees the connection go
   * (measured on 1.21). Then `abandoned` gets the answer that is still to come.
   */
  async issue(path: string, token: string, signal: AbortSignal, abandoned: Abandoned): Promise<LeasedUser> {
    signal.throwIfAborted()
    const limit = AbortSignal.timeout(this.#requestTimeoutMs)
    const joint = new JointSignal(signal, limit)
    const answer = this.#issue(path, token)
    try {
      return await unlessAborted(answer, joint.signal)
    } catch (cause) {
      if (signal.aborted || limit.aborted) abandoned(answer)
      if (signal.aborted || !limit.aborted) throw cause
      throw new VaultUnavailableError(this.#info('GET', path), `no answer within ${this.#requestTimeoutMs} ms`, undefined, {
        cause,
      })
    } finally {
      joint.clear()
    }
  }

  /** The user of a static role and its password of now. */
  async readStatic(path: string, token: string, signal: AbortSignal): Promise<StaticUser> {
    const data = recordAt(await this.#read(path, { token, signal }), 'data') ?? {}
    const { username, password, ttl, last_vault_rotation: rotation } = data
    if (!isText(username)) throw this.#bad('GET', path, 'no data.username in the answer')
    if (!isText(password)) throw this.#bad('GET', path, 'no data.password in the answer')
    if (!isText(rotation)) throw this.#bad('GET', path, 'no data.last_vault_rotation in the answer')
    if (typeof ttl !== 'number' || !(ttl >= 0)) throw this.#bad('GET', path, 'no data.ttl of at least 0 in the answer')
    return { username, password, rotation, ttlMs: ttl * 1000 }
  }

  async renewLease(lease: Lease, token: string, signal: AbortSignal): Promise<Lease> {
    const path = 'sys/leases/renew'
    const askedAtMs = this.#clock.nowMs()
    const increment = Math.ceil(lease.ttlMs / 1000)
    const body = await this.#write(path, { lease_id: lease.id, increment }, { token, signal })
    const ttlMs = this.#duration('POST', path, body['lease_duration'])
    return {
      ...lease,
      renewable: body['renewable'] === true,
      renewedAtMs: askedAtMs,
      endsAtMs: askedAtMs + ttlMs,
      truncated: ttlMs < increment * 1000 || hasTruncation(body),
      ...requestIdOf(body),
    }
  }

  /**
   * The max_ttl of a dynamic role, for whom policy lets read it: asked of the policy first, so that nobody is refused. `undefined` for
   * everybody else, and for a role that leaves it to its mount.
   */
  async roleMaxTtl(path: string, token: string, signal: AbortSignal): Promise<number | undefined> {
    const options = { token, signal }
    const spelled = decodeURIComponent(path) // as policies have it
    const answer = await this.#write('sys/capabilities-self', { paths: [spelled] }, options)
    const granted = recordAt(answer, 'data')?.[spelled]
    if (!Array.isArray(granted) || !granted.some((one) => one === 'read' || one === 'root')) return undefined
    const seconds = recordAt(await this.#read(path, options), 'data')?.['max_ttl']
    return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined
  }

  /** Resolves when the database user is dropped. */
  async revokeLease(leaseId: string, token: string, signal: AbortSignal): Promise<void> {
    await this.#write('sys/leases/revoke', { lease_id: leaseId, sync: true }, { token, signal })
  }

  /** What made the answer that a wrapping token holds: the path of a request, such as `auth/approle/role/app/secret-id`. */
  async wrappedBy(wrappingToken: string, signal: AbortSignal): Promise<string> {
    const path = 'sys/wrapping/lookup'
    const made = recordAt(await this.#write(path, { token: wrappingToken }, { signal }), 'data')?.['creation_path']
    if (typeof made !== 'string') throw this.#bad('POST', path, 'no data.creation_path in the answer')
    return made
  }

  /** The answer that a wrapping token holds, which Vault gives once. */
  unwrap(wrappingToken: string, signal: AbortSignal): Promise<Record<string, unknown>> {
    return this.#write('sys/wrapping/unwrap', {}, { token: wrappingToken, signal })
  }

  /** Any request without a token, for logins that leasepool does not know. */
  async anonymous(method: 'GET' | 'POST', path: string, body: object, signal: AbortSignal): Promise<Record<string, unknown>> {
    return method === 'GET' ? this.#read(path, { signal }) : this.#write(path, body, { signal })
  }

  async #issue(path: string, token: string): Promise<LeasedUser> {
    const askedAtMs = this.#clock.nowMs()
    const body = await this.#read(path, { token, timeoutMs: LONGEST_REQUEST_MS })
    const data = recordAt(body, 'data')
    const { username, password } = data ?? {}
    if (!isText(username)) throw this.#bad('GET', path, 'no data.username in the answer')
    if (!isText(password)) throw this.#bad('GET', path, 'no data.password in the answer')
    const id = body['lease_id']
    if (!isText(id)) throw this.#bad('GET', path, 'no lease_id in the answer')
    const ttlMs = this.#duration('GET', path, body['lease_duration'])
    const times = { issuedAtMs: askedAtMs, renewedAtMs: askedAtMs, endsAtMs: askedAtMs + ttlMs }
    return {
      username,
      password,
      lease: { id, ttlMs, renewable: body['renewable'] === true, truncated: hasTruncation(body), ...times, ...requestIdOf(body) },
    }
  }

  async #read(path: string, options: CallOptions): Promise<Record<string, unknown>> {
    return asRecord(await this.#api.read(path, options))
  }

  async #write(path: string, body: object, options: CallOptions): Promise<Record<string, unknown>> {
    return asRecord(await this.#api.write(path, body, options))
  }

  #duration(method: string, path: string, seconds: unknown): number {
    if (typeof seconds === 'number' && seconds >= 1 && Number.isFinite(seconds)) return seconds * 1000
    throw this.#bad(method, path, 'no lease_duration of at least 1 in the answer')
  }

  #bad(method: string, path: string, problem: string): VaultAnswerError {
    return new VaultAnswerError(this.#info(method, path), problem, 200)
  }

  #info(method: string, path: string): VaultRequestInfo {
    return { address: this.address, method, path }
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
