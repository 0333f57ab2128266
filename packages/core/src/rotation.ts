import type { Clock } from './clock'
import { Credential } from './credential'
import { CredentialInUse } from './credential-in-use'
import { ClosedError } from './errors'
import type { Emit, RotationReason } from './events'
import type { Lease } from './lease'
import type { LeaseKeeperEvents } from './lease-keeper'
import { askedAs, leaseName } from './names'
import type { RotatablePool } from './pool'
import { probeEverywhere } from './probing'
import { Retirement } from './retirement'
import { LeaseLostError, type CredentialSource, type IssuedCredential } from './source'
import { TimeLimit } from './time-limit'

export interface RotationOptions {
  readonly source: CredentialSource
  readonly pools: ReadonlySet<RotatablePool>
  readonly clock: Clock
  readonly random: () => number
  readonly probeTimeoutMs: number
  readonly drainDeadlineMs: number
  readonly databaseClockAheadMs: number
  readonly emit: Emit
  /** The lease behind `current` was extended, replaced, or lost. */
  onChange(change: 'renewed' | 'refused' | 'promoted' | 'lost', lease: Lease | undefined): void
}

/** How long closing what is left by force, and giving leases back, may take after the time for connections is up, in ms. */
const REVOKE_TIMEOUT_MS = 10_000

/** The five steps from one credential to the next, one rotation at a time, each step able to fail without harm. */
export class Rotation {
  readonly #options: RotationOptions
  readonly #stopping = new AbortController()
  /** Aborts when even giving back has taken too long. */
  readonly #givingUp = new AbortController()
  readonly #retiring = new Set<Retirement>()
  /** Answers of the source that nobody waits for, and that may still bring a user. */
  readonly #abandoned = new Set<Promise<void>>()
  #current: CredentialInUse | undefined
  #lastGeneration = 0
  #inFlight: Promise<void> | undefined

  constructor(options: RotationOptions) {
    this.#options = options
  }

  get current(): CredentialInUse | undefined {
    return this.#current
  }

  get inProgress(): boolean {
    return this.#inFlight !== undefined
  }

  get retiring(): readonly CredentialInUse[] {
    return [...this.#retiring].map(({ inUse }) => inUse)
  }

  /** Concurrent callers share one rotation. If it rejects, the current credential keeps serving. */
  rotate(reason: RotationReason, signal?: AbortSignal): Promise<void> {
    return (this.#inFlight ??= this.#run(reason, signal).finally(() => (this.#inFlight = undefined)))
  }

  /** What comes of an answer that the source no longer waits for is given back. */
  abandoned(answer: Promise<IssuedCredential>): void {
    const late = answer.then(
      (issued) => this.#retire(this.#take(issued), 0, []),
      () => undefined,
    )
    this.#abandoned.add(late)
    void late.finally(() => this.#abandoned.delete(late))
  }

  /** Resolves when no rotation is under way; never rejects. */
  async settled(): Promise<void> {
    await this.#inFlight?.catch(() => undefined)
  }

  /** Stops what is under way, drains every generation for at most `timeoutMs`, and gives all leases back. */
  async close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options
    this.#stopping.abort(new ClosedError('LeasedCredentials'))
    const limit = new TimeLimit(clock, timeoutMs + REVOKE_TIMEOUT_MS)
    limit.signal.addEventListener('abort', () => this.#givingUp.abort(limit.signal.reason), { once: true })
    await Promise.race([this.settled(), limit.passed])
    for (const retirement of this.#retiring) retirement.hurry(timeoutMs)
    if (this.#current !== undefined) this.#retire(this.#current, timeoutMs)
    // A revocation ends when it is given up; a pool whose sockets never close has no such end.
    await Promise.race([this.#nothingLeft(), limit.passed])
    limit.clear()
  }

  async #nothingLeft(): Promise<void> {
    while (this.#abandoned.size + this.#retiring.size > 0) {
      await Promise.all([...this.#abandoned, ...[...this.#retiring].map(({ done }) => done)])
    }
  }

  async #run(reason: RotationReason, signal?: AbortSignal): Promise<void> {
    const { pools, clock, emit } = this.#options
    const stop = signal === undefined ? this.#stopping.signal : AbortSignal.any([signal, this.#stopping.signal])
    const startMs = clock.nowMs()
    const from = this.#current?.credential.generation ?? 0
    emit('rotationStarted', { from, reason })

    const candidate = this.#take(await this.#options.source.issue(stop, reason))
    try {
      await this.#probe(candidate, stop)
      stop.throwIfAborted()
      // An answer that was long on its way, or a probe that was, may outlast a short lease: nobody could log in with it.
      if (candidate.hasEnded) throw new LeaseLostError({ cause: undefined })
    } catch (error) {
      this.#retire(candidate, 0, []) // no pool has used it, and draining it would drain the current one too
      throw error
    }
    const previous = this.#current
    this.#current = candidate
    const keepOlder = candidate.keepsConnections && isSameUser(previous, candidate)
    promoteEverywhere(pools, candidate.credential, keepOlder)

    const { generation: to, username } = candidate.credential
    emit('rotated', { from, to, username, reason, tookMs: Math.round(clock.nowMs() - startMs) })
    this.#options.source.promoted?.()
    if (previous !== undefined && !keepOlder) this.#retire(previous, this.#options.drainDeadlineMs, pools, Infinity)
    // What led to this rotation may have moved the end of credentials that still drain: their token is spent, say.
    for (const retirement of this.#retiring) retirement.replan()
    this.#options.onChange('promoted', candidate.lease)
  }

  #take({ username, password, lease, keepsConnections = false }: IssuedCredential): CredentialInUse {
    const { emit } = this.#options
    const credential = new Credential(++this.#lastGeneration, username, password)
    const inUse: CredentialInUse = new CredentialInUse(credential, lease, {
      ...this.#options,
      keepsConnections,
      tell: this.#keeperEvents(credential),
    })
    emit('issued', {
      generation: credential.generation,
      username,
      lease: lease && leaseName(lease.id),
      ttlMs: lease && Math.round(lease.endsAtMs - lease.renewedAtMs),
      ...askedAs(lease),
    })
    return inUse
  }

  #probe(candidate: CredentialInUse, signal: AbortSignal): Promise<void> {
    const { pools, clock, random, probeTimeoutMs: timeoutMs, emit } = this.#options
    return probeEverywhere(pools, candidate.credential, { clock, random, timeoutMs, signal, emit })
  }

  /** Drains and revokes in the background. */
  #retire(
    inUse: CredentialInUse,
    drainDeadlineMs: number,
    pools: Iterable<RotatablePool> = this.#options.pools,
    pinnedDeadlineMs = drainDeadlineMs,
  ): void {
    const { emit, clock, random } = this.#options
    const signal = this.#givingUp.signal
    const retirement = new Retirement({ inUse, pools, clock, random, drainDeadlineMs, pinnedDeadlineMs, emit, signal })
    this.#retiring.add(retirement)
    void retirement.done.finally(() => this.#retiring.delete(retirement))
  }

  #keeperEvents({ generation }: Credential): LeaseKeeperEvents {
    const { emit, onChange } = this.#options
    const isCurrent = (): boolean => this.#current?.credential.generation === generation
    return {
      renewed: (lease) => {
        const ttlMs = Math.round(lease.endsAtMs - lease.renewedAtMs)
        emit('renewed', { generation, lease: leaseName(lease.id), ttlMs, truncated: lease.truncated, ...askedAs(lease) })
        for (const retirement of this.#retiring) if (retirement.inUse.credential.generation === generation) retirement.replan()
        if (isCurrent()) onChange('renewed', lease)
      },
      renewFailed: (failure) => emit('renewFailed', { generation, ...failure }),
      refused: (lease) => {
        if (isCurrent()) onChange('refused', lease)
      },
      lost: (lease) => {
        if (isCurrent()) onChange('lost', lease)
      },
    }
  }
}

/** Connections of the one before stay right, and nothing of it has to be given back. */
function isSameUser(previous: CredentialInUse | undefined, next: CredentialInUse): boolean {
  return previous?.lease === undefined && previous?.credential.username === next.credential.username
}

/** Pools must not throw here; one that does all the same must not keep the others from the new credential. */
function promoteEverywhere(pools: Iterable<RotatablePool>, credential: Credential, keepOlder: boolean): void {
  for (const pool of pools) {
    try {
      pool.promote(credential, { keepOlder })
    } catch (error) {
      process.emitWarning(
        `Pool ${pool.name} threw at promote: ${error instanceof Error ? error.message : 'not an error'}`,
        'LeasepoolWarning',
      )
    }
  }
}
