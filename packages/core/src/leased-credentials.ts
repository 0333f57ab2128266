import { EventEmitter } from 'node:events'
import { Alarm } from './alarm'
import { keepingAlive, systemClock, type Clock } from './clock'
import type { Credential } from './credential'
import { ClosedError } from './errors'
import type { Emit, LeasedCredentialsEvents, RotationReason } from './events'
import type { Lease } from './lease'
import { HealthWatch } from './health'
import { leasedCredentialsOptionRules, type LeasedCredentialsOptions } from './leased-credentials-options'
import { LoginRefusals } from './login-refusals'
import { checkOptions } from './options'
import type { RotatablePool } from './pool'
import { Rotation } from './rotation'
import { retryInMs } from './retry'
import { rotateAtMs } from './schedule'
import { SleepWatch } from './sleep-watch'
import type { CredentialSource } from './source'
import { openSource } from './start'
import { statusOf, type LeasedCredentialsStatus } from './status'
import { TimeLimit } from './time-limit'

const CLOSED = 'LeasedCredentials'

/** How long the source may take at least to give back what it holds for itself, in ms. */
const SHORTEST_SOURCE_CLOSE_MS = 5_000

/**
 * The handle that an app holds: the credential of now, kept alive and replaced before it ends in every attached pool.
 * Get one from `vaultCredentials` or `fixedCredentials`. Its timers do not keep the process alive; `close()` gives everything back.
 */
export class LeasedCredentials extends EventEmitter<LeasedCredentialsEvents> {
  readonly #source: CredentialSource
  readonly #clock: Clock
  readonly #random: () => number
  readonly #closeTimeoutMs: number
  readonly #rotateFraction: number
  readonly #drainDeadlineMs: number
  readonly #pools = new Set<RotatablePool>()
  readonly #rotation: Rotation
  /** When the next rotation is due; set anew whenever the facts change. */
  readonly #alarm: Alarm
  readonly #health: HealthWatch
  readonly #refusals: LoginRefusals
  #sleepWatch: SleepWatch | undefined
  #dueReason: RotationReason = 'max-ttl'
  /** Drawn once per credential: a thousand instances started together drift apart. */
  #jitter = 0
  /** The role's max_ttl as seen in a truncated answer. */
  #learnedMaxTtlMs: number | undefined
  #failedRotations = 0
  #isRotatingInBackground = false
  #closing: Promise<void> | undefined

  private constructor(source: CredentialSource, options: LeasedCredentialsOptions) {
    super()
    this.#source = source
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 10_000
    this.#rotateFraction = options.rotateFraction ?? 0.5
    this.#drainDeadlineMs = options.drainDeadlineMs ?? 600_000
    this.#alarm = new Alarm(this.#clock, () => void this.#rotateInBackground(this.#dueReason))
    this.#rotation = new Rotation({
      source,
      pools: this.#pools,
      clock: this.#clock,
      random: this.#random,
      probeTimeoutMs: options.probeTimeoutMs ?? 5_000,
      drainDeadlineMs: this.#drainDeadlineMs,
      databaseClockAheadMs: options.databaseClockAheadMs ?? 0,
      emit: this.#emit,
      onChange: (change, lease) => this.#onChange(change, lease),
    })
    this.#health = new HealthWatch({
      clock: this.#clock,
      emit: this.#emit,
      endMs: () => this.#rotation.current?.effectiveEnd?.atMs,
      generation: () => this.generation,
    })
    this.#refusals = new LoginRefusals({
      clock: this.#clock,
      emit: this.#emit,
      perMinute: options.refusedLoginsPerMinute ?? 30,
      generation: () => this.generation,
      replace: () => this.#replaceRefused(),
    })
  }

  /**
   * Gets the first credential and starts keeping it alive.
   * Rejects with `OptionError`, with `StartTimeoutError` after `startTimeoutMs`, or at once with the source's error when it refuses.
   */
  static async start(source: CredentialSource, options: LeasedCredentialsOptions = {}): Promise<LeasedCredentials> {
    checkOptions('LeasedCredentials', options, leasedCredentialsOptionRules)
    const credentials = new LeasedCredentials(source, options)
    const { startTimeoutMs: timeoutMs = 30_000 } = options
    const opening = openSource({
      source,
      clock: credentials.#clock,
      random: credentials.#random,
      timeoutMs,
      host: {
        clock: credentials.#clock,
        random: credentials.#random,
        report: ({ type, event }) => credentials.#emit(type, event as never),
        // One that is under way may have asked before the source knew: the next one is the one that helps.
        abandoned: (answer) => credentials.#rotation.abandoned(answer),
        rotate: (reason) => void credentials.#rotation.settled().then(() => credentials.#rotateInBackground(reason)),
      },
      issue: (signal) => credentials.#rotation.rotate('start', signal),
      giveBack: () => credentials.#rotation.close(0),
    })
    await keepingAlive(opening).catch((error: unknown) => {
      credentials.#closing = Promise.resolve() // nobody will hold this handle: it must not go on by itself
      credentials.#alarm.clear()
      throw error
    })
    credentials.#sleepWatch = new SleepWatch(credentials.#clock, (missedMs) => credentials.#wokeUp(missedMs))
    return credentials
  }

  /** The credential to log in with now. Synchronous: user name, password and generation belong together. Throws after `close()`. */
  current(): Credential {
    if (this.#closing !== undefined) throw new ClosedError(CLOSED)
    return this.#rotation.current!.credential
  }

  /** `current()` for adapters, at each login. Throws `LoginPausedError` after too many refused ones. */
  forLogin(): Credential {
    this.#refusals.check()
    return this.current()
  }

  /**
   * For adapters: a login, or a connection, of a generation has failed with a database's error. Resolves with whether to try once more:
   * there is a newer credential, or there is one now since the database refused this one. One that the drain of its credential may have cut
   * is worth another try, too; other errors are no business of this. Never rejects; concurrent reports share one rotation.
   */
  async reportError(error: unknown, generation: number): Promise<boolean> {
    return this.#closing === undefined && this.#refusals.report(error, generation)
  }

  /** Number of the credential in use. Unlike `current()` it can be asked for after `close()`. */
  get generation(): number {
    return this.#rotation.current?.credential.generation ?? 0
  }

  /** Makes a pool follow every rotation from now on. Returns the function that ends this; adapters call both. */
  attach(pool: RotatablePool): () => void {
    if (this.#closing !== undefined) throw new ClosedError(CLOSED)
    this.#pools.add(pool)
    pool.attached?.({ leakSuspected: (held) => this.#emit('leakSuspected', { pool: pool.name, ...held }) })
    return () => void this.#pools.delete(pool)
  }

  /**
   * Takes a new credential now. Resolves once every pool logs in with it; the old one drains in the background.
   * Concurrent calls share one rotation. When it rejects, the current credential keeps serving.
   */
  async rotate(reason: RotationReason = 'manual'): Promise<void> {
    if (this.#closing !== undefined) throw new ClosedError(CLOSED)
    try {
      await keepingAlive(this.#rotation.rotate(reason))
    } catch (cause) {
      this.#reportFailure(reason, this.#failedRotations + 1, undefined, cause)
      throw cause
    }
  }

  /** What there is to know now, as one plain object without secrets. */
  status(): LeasedCredentialsStatus {
    return statusOf({
      state: this.#closing === undefined ? 'serving' : 'closed',
      health: this.#health.now(),
      source: this.#source.description,
      nowMs: this.#clock.nowMs(),
      current: this.#rotation.current!,
      maxTtlMs: this.#maxTtlMs,
      rotateAtMs: this.#alarm.atMs,
      isRotating: this.#rotation.inProgress,
      failedRotations: this.#failedRotations,
      draining: this.#rotation.retiring,
      pools: [...this.#pools].map((pool) => pool.stats()),
    })
  }

  /**
   * Stops rotating, drains the attached pools, gives back every lease, then the Vault token if it was ours. Resolves when that is
   * done, or its time limits have passed; never rejects. End the app's pools first: after this nothing can log in any more.
   */
  close(): Promise<void> {
    return (this.#closing ??= keepingAlive(this.#close()))
  }

  async #close(): Promise<void> {
    const startMs = this.#clock.nowMs()
    this.#alarm.clear()
    this.#sleepWatch?.stop()
    await this.#rotation.close(this.#closeTimeoutMs)
    // `closeTimeoutMs` is what connections get, and may be 0: revoking the Vault token takes a request all the same.
    const limit = new TimeLimit(this.#clock, Math.max(this.#closeTimeoutMs, SHORTEST_SOURCE_CLOSE_MS))
    await Promise.race([this.#source.close?.(limit.signal).catch(() => undefined), limit.passed])
    limit.clear()
    this.#emit('closed', { waitedMs: Math.round(this.#clock.nowMs() - startMs) })
  }

  get #maxTtlMs(): number | undefined {
    const known = [this.#source.maxTtlMs, this.#learnedMaxTtlMs].filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  #onChange(change: 'renewed' | 'refused' | 'promoted' | 'lost', lease: Lease | undefined): void {
    if (this.#closing !== undefined) return
    if (change === 'lost') return void this.#rotateInBackground('lease-lost')
    if (lease?.truncated === true) this.#learnedMaxTtlMs = Math.round(lease.endsAtMs - lease.issuedAtMs)
    if (change === 'promoted') {
      this.#failedRotations = 0
      this.#jitter = this.#random()
    }
    // While rotations fail, the next attempt stands as planned: a renewal in between is no reason to hurry.
    if (this.#failedRotations === 0) this.#plan(lease)
  }

  #plan(lease: Lease | undefined): void {
    const policy = { rotateFraction: this.#rotateFraction, maxTtlMs: this.#maxTtlMs, drainDeadlineMs: this.#drainDeadlineMs }
    const due = lease && rotateAtMs(lease, policy, this.#jitter)
    this.#dueReason = due?.cause ?? 'max-ttl'
    this.#alarm.set(due?.atMs)
  }

  /** Timers and durations are off by `missedMs`: what the source says of the lease counts. */
  #wokeUp(missedMs: number): void {
    this.#emit('wokeUp', { missedMs })
    if (this.#rotation.current?.renewNow() === false) void this.#rotateInBackground('woke-up')
  }

  async #rotateInBackground(reason: RotationReason): Promise<void> {
    if (this.#closing !== undefined || this.#isRotatingInBackground) return
    this.#isRotatingInBackground = true
    try {
      await this.#rotation.rotate(reason)
    } catch (cause) {
      if (this.#closing !== undefined) return
      const attempt = (this.#failedRotations += 1)
      const retryInMs = this.#retryIn(attempt, cause)
      this.#reportFailure(reason, attempt, retryInMs, cause)
      this.#dueReason = reason
      this.#alarm.set(this.#clock.nowMs() + retryInMs)
    } finally {
      this.#isRotatingInBackground = false
    }
  }

  /** While rotations fail, the next attempt stands as planned: refused logins are no reason to ask Vault more often. */
  async #replaceRefused(): Promise<void> {
    if (this.#failedRotations === 0) await this.#rotateInBackground('login-refused')
    await this.#rotation.settled()
  }

  #retryIn(attempt: number, cause: unknown): number {
    const endMs = this.#rotation.current?.effectiveEnd?.atMs
    const remainingMs = endMs === undefined ? Infinity : endMs - this.#clock.nowMs()
    return retryInMs(cause, attempt, remainingMs, this.#random())
  }

  #reportFailure(reason: RotationReason, attempt: number, retryInMs: number | undefined, cause: unknown): void {
    this.#emit('rotationFailed', { generation: this.generation, reason, attempt, retryInMs, cause })
  }

  /** A listener that throws must not stop a rotation: its error becomes a process warning. */
  readonly #emit: Emit = (name, event) => {
    try {
      this.emit(name, ...([event] as never))
    } catch (error) {
      process.emitWarning(
        `A listener of "${name}" threw: ${error instanceof Error ? error.message : 'not an error'}`,
        'LeasepoolWarning',
      )
    }
    this.#health.take(name, event)
  }
}
