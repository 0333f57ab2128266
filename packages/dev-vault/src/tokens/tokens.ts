import { randomBytes } from 'node:crypto'
import { randomBase62 } from '../database/names'
import type { Alarm, Time } from '../time'
import { type GrantedTtl, grantTtl, type MountLimits, type RoleLimits } from './ttl'
import type { WrappedResponse } from './wrapping'

/** One token. Instants are ms since 1970. */
export interface Token {
  readonly id: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly displayName: string
  /** Of who logged in; `''` for tokens that others made. */
  readonly entityId: string
  /** The only addresses it may be used from; none means any. */
  readonly boundCidrs: readonly string[]
  readonly meta: Readonly<Record<string, string>> | null
  /** The path that made it, for example `auth/approle/login`. */
  readonly path: string
  readonly type: 'service' | 'batch'
  readonly issuedMs: number
  readonly creationSeconds: number
  readonly renewable: boolean
  readonly periodSeconds: number
  readonly explicitMaxSeconds: number
  /** The id of the token's own lease; absent for tokens that never end. */
  readonly leaseId: string | undefined
  /** Read at every renewal, because the limits of the login role may have changed; throws if the role is gone. */
  readonly limits: () => RoleLimits
  readonly mountLimits: () => MountLimits
  readonly children: Set<Token>
  parent: Token | undefined
  /** 0 means unlimited. */
  numUses: number
  expiresMs: number | undefined
  lastRenewalMs: number | undefined
  /** The token role that made it. */
  readonly role: string | undefined
  /** What it keeps below `cubbyhole/`, by path. */
  readonly cubbyhole: Map<string, Readonly<Record<string, unknown>>>
  /** The answer that it stands for, if it is a wrapping token. */
  wrapped: WrappedResponse | undefined
}

/** What a new token is to be. Absent limits mean the mount's. */
export interface TokenSpec {
  readonly id?: string
  readonly policies: readonly string[]
  readonly displayName: string
  /** @default '' */
  readonly entityId?: string
  /** @default [] */
  readonly boundCidrs?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
  readonly path: string
  readonly type?: 'service' | 'batch'
  readonly parent?: Token
  readonly renewable?: boolean
  readonly numUses?: number
  readonly limits: () => RoleLimits
  readonly mountLimits: () => MountLimits
  /** Renewals ask for the ttl that it got when it was made, whatever the limits say of a default. */
  readonly renewsAsMade?: true
  /** Never ends: root tokens. */
  readonly endless?: boolean
  /** The token role that makes it. */
  readonly role?: string
}

/** All live tokens, their tree and their ends. */
export class Tokens {
  readonly #time: Time
  readonly #onEnd: (token: Token) => void
  readonly #byId = new Map<string, Token>()
  readonly #alarms = new Map<Token, Alarm>()
  readonly #ended = new WeakSet<Token>()

  /** `onEnd` runs once for every token that ends, children first. */
  constructor(time: Time, onEnd: (token: Token) => void) {
    this.#time = time
    this.#onEnd = onEnd
  }

  /** Makes a token and sets its timer. */
  create(spec: TokenSpec): { token: Token; warnings: readonly string[] } {
    const nowMs = this.#time.nowMs()
    const limits = spec.limits()
    const granted = spec.endless
      ? { seconds: 0, warnings: [] }
      : grantTtl({ nowMs, issuedMs: nowMs, incrementSeconds: 0, role: limits, mount: spec.mountLimits() })
    const token = this.#build(spec, limits, nowMs, granted.seconds)
    this.#byId.set(token.id, token)
    spec.parent?.children.add(token)
    this.#arm(token)
    return { token, warnings: granted.warnings }
  }

  /** A live token; one whose time is over is not found even while its clean-up still runs. */
  find(id: string): Token | undefined {
    const token = this.#byId.get(id)
    return token === undefined || this.#isOver(token) ? undefined : token
  }

  /** True until the token ends, also during its last use. */
  isLive(token: Token): boolean {
    return !this.#ended.has(token) && !this.#isOver(token)
  }

  /** A live token by its accessor; batch tokens have none. */
  findByAccessor(accessor: string): Token | undefined {
    if (accessor === '') return undefined
    const token = [...this.#byId.values()].find((candidate) => candidate.accessor === accessor)
    return token === undefined || this.#isOver(token) ? undefined : token
  }

  findByLeaseId(leaseId: string): Token | undefined {
    return [...this.#byId.values()].find((token) => token.leaseId === leaseId)
  }

  all(): Token[] {
    return [...this.#byId.values()]
  }

  /** Counts one use. True if it was the last one: the caller ends the token after the request. */
  use(token: Token): boolean {
    if (token.numUses === 0) return false
    token.numUses -= 1
    if (token.numUses > 0) return false
    token.numUses = -1 // as Vault shows it during its last request, while which nobody else may use it
    this.#byId.delete(token.id)
    return true
  }

  /** Whether a token was made without a number of uses. */
  isUnlimited(token: Token): boolean {
    return this.#byId.has(token.id) && token.numUses === 0
  }

  /** Extends a token by Vault's arithmetic. Throws what its limits throw, and PastMaxTtlError. */
  renew(token: Token, incrementSeconds: number): GrantedTtl {
    const nowMs = this.#time.nowMs()
    const { issuedMs } = token
    const granted = grantTtl({ nowMs, issuedMs, incrementSeconds, role: token.limits(), mount: token.mountLimits() })
    token.lastRenewalMs = nowMs
    token.expiresMs = nowMs + granted.seconds * 1000
    this.#arm(token)
    return granted
  }

  /** Ends a token and, before it, all of its children. Their leases follow in the background. */
  end(token: Token): void {
    if (this.#ended.has(token)) return
    this.#ended.add(token)
    for (const child of token.children) this.end(child)
    token.parent?.children.delete(token)
    if (this.#byId.get(token.id) === token) this.#byId.delete(token.id)
    this.#alarms.get(token)?.cancel()
    this.#alarms.delete(token)
    this.#onEnd(token)
  }

  /** Ends only this token; its children live on without a parent. */
  endAlone(token: Token): void {
    for (const child of token.children) child.parent = undefined
    token.children.clear()
    this.end(token)
  }

  /** Cancels all timers. */
  close(): void {
    for (const alarm of this.#alarms.values()) alarm.cancel()
    this.#alarms.clear()
  }

  #build(spec: TokenSpec, limits: RoleLimits, nowMs: number, seconds: number): Token {
    const type = spec.type ?? 'service'
    return {
      id: spec.id ?? `${type === 'batch' ? 'hvb' : 'hvs'}.${randomBytes(68).toString('base64url')}`,
      accessor: type === 'batch' ? '' : randomBase62(24),
      policies: spec.policies,
      displayName: spec.displayName,
      entityId: spec.entityId ?? '',
      boundCidrs: spec.boundCidrs ?? [],
      meta: spec.meta ?? null,
      path: spec.path,
      type,
      issuedMs: nowMs,
      creationSeconds: seconds,
      renewable: type === 'service' && !spec.endless && (spec.renewable ?? true),
      periodSeconds: limits.periodSeconds ?? 0,
      explicitMaxSeconds: limits.explicitMaxSeconds ?? 0,
      leaseId: spec.endless || type === 'batch' ? undefined : `${spec.path}/h${randomBytes(32).toString('hex')}`,
      limits: spec.renewsAsMade ? () => ({ ...spec.limits(), defaultSeconds: seconds }) : spec.limits,
      mountLimits: spec.mountLimits,
      children: new Set(),
      parent: spec.parent,
      numUses: spec.numUses ?? 0,
      expiresMs: spec.endless ? undefined : nowMs + seconds * 1000,
      lastRenewalMs: undefined,
      role: spec.role,
      cubbyhole: new Map(),
      wrapped: undefined,
    }
  }

  #arm(token: Token): void {
    this.#alarms.get(token)?.cancel()
    if (token.expiresMs === undefined) return
    this.#alarms.set(
      token,
      this.#time.alarm(token.expiresMs, () => this.end(token)),
    )
  }

  #isOver(token: Token): boolean {
    return token.expiresMs !== undefined && token.expiresMs <= this.#time.nowMs()
  }
}
