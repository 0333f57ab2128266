import { Alarm } from './alarm'
import type { Clock } from './clock'
import type { Emit, LeasedCredentialsEvents } from './events'

/**
 * What is not as it should be. `credential-ended` and `login-refused`: nobody can log in. The others: everything works, but not for ever.
 * `renewal-failing`, `rotation-failing`: Vault does not do what was asked of it last. `token-failing`: the Vault token could not be
 * renewed last. `token-ending`: it ends, and we cannot log in again. `source-failing`: a file or a static role could not be read last.
 * `fallback`: a source other than the first serves.
 */
export type HealthReason =
  | 'credential-ended'
  | 'login-refused'
  | 'renewal-failing'
  | 'rotation-failing'
  | 'token-failing'
  | 'token-ending'
  | 'source-failing'
  | 'fallback'

/** `degraded`: all queries work, until the credential's end. `down`: new connections cannot be opened. */
export interface Health {
  readonly state: 'healthy' | 'degraded' | 'down'
  /** Empty when healthy; the gravest first. */
  readonly reasons: readonly HealthReason[]
}

const DOWN: readonly HealthReason[] = ['credential-ended', 'login-refused']
const GRAVEST_FIRST: readonly HealthReason[] = [
  ...DOWN,
  'rotation-failing',
  'renewal-failing',
  'token-ending',
  'token-failing',
  'source-failing',
  'fallback',
]

type EventName = keyof LeasedCredentialsEvents

/** Which event begins a trouble, and which end it. */
const BEGINS: Partial<Record<EventName, HealthReason>> = {
  renewFailed: 'renewal-failing',
  loginRefused: 'login-refused',
  tokenRenewFailed: 'token-failing',
  sourceCheckFailed: 'source-failing',
  fellBack: 'fallback',
}
const ENDS: Partial<Record<EventName, readonly HealthReason[]>> = {
  renewed: ['renewal-failing'],
  rotated: ['renewal-failing', 'rotation-failing', 'login-refused', 'source-failing'],
  sourceChecked: ['source-failing'],
  cameBack: ['fallback'],
  tokenRenewed: ['token-failing'],
  loggedIn: ['token-failing', 'token-ending'],
}

/** Draws conclusions on the health of a handle from its own events, and says when they change. */
export class HealthWatch {
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #endMs: () => number | undefined
  readonly #generation: () => number
  readonly #troubles = new Set<HealthReason>()
  /** Rings when the credential ends. */
  readonly #alarm: Alarm
  #isClosed = false
  #said: Health = { state: 'healthy', reasons: [] }

  constructor(options: { clock: Clock; emit: Emit; endMs: () => number | undefined; generation: () => number }) {
    this.#clock = options.clock
    this.#emit = options.emit
    this.#endMs = options.endMs
    this.#generation = options.generation
    this.#alarm = new Alarm(options.clock, () => this.#say())
  }

  now(): Health {
    const endMs = this.#endMs()
    const troubles = new Set(this.#troubles)
    if (endMs !== undefined && endMs <= this.#clock.nowMs()) troubles.add('credential-ended')
    const reasons = GRAVEST_FIRST.filter((reason) => troubles.has(reason))
    const first = reasons[0]
    return { state: first === undefined ? 'healthy' : DOWN.includes(first) ? 'down' : 'degraded', reasons }
  }

  /** Hears of every event of the handle. */
  take<K extends EventName>(name: K, event: LeasedCredentialsEvents[K][0]): void {
    if (name === 'healthChanged') return
    if (name === 'closed') this.#isClosed = true
    if (this.#isClosed) return this.#alarm.clear()
    // Old generations end, and nobody minds.
    const isOld =
      (name === 'renewed' || name === 'renewFailed') && (event as { generation: number }).generation !== this.#generation()
    if (isOld) return
    const begun = begunBy(name, event as never)
    if (begun !== undefined) this.#troubles.add(begun)
    for (const ended of ENDS[name] ?? []) this.#troubles.delete(ended)
    this.#say()
  }

  #say(): void {
    const endMs = this.#endMs()
    const nowMs = this.#clock.nowMs()
    this.#alarm.set(endMs !== undefined && endMs > nowMs ? endMs : undefined)
    const health = this.now()
    if (health.reasons.join() === this.#said.reasons.join()) return
    const from = this.#said.state
    this.#said = health
    const endsInMs = endMs === undefined ? undefined : Math.round(endMs - nowMs)
    this.#emit('healthChanged', { from, to: health.state, reasons: health.reasons, endsInMs })
  }
}

function begunBy(name: EventName, event: { canLogIn?: boolean; retryInMs?: number | undefined }): HealthReason | undefined {
  if (name === 'tokenSpent') return event.canLogIn === true ? undefined : 'token-ending'
  // One that was asked for by hand is not tried again, so nothing would ever end the trouble: whoever asked knows.
  if (name === 'rotationFailed') return event.retryInMs === undefined ? undefined : 'rotation-failing'
  return BEGINS[name]
}
