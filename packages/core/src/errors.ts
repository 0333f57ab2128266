/** Every code that a {@link LeasepoolError} can carry. Match on it, never on the text of a message. */
export type LeasepoolErrorCode =
  | 'ERR_OPTION'
  | 'ERR_CLOSED'
  | 'ERR_PROBE'
  | 'ERR_VAULT_UNAVAILABLE'
  | 'ERR_VAULT_REFUSED'
  | 'ERR_VAULT_ANSWER'
  | 'ERR_VAULT_LOGIN'
  | 'ERR_START_TIMEOUT'
  | 'ERR_LOGIN_PAUSED'
  | 'ERR_ACQUIRE_TIMEOUT'
  | 'ERR_ASSUME_ROLE'
  | 'ERR_UNREADABLE_MESSAGE'
  | 'ERR_RENDERED_FILE'
  | 'ERR_NO_SOURCE'

/** The base of all errors that leasepool throws. Messages and properties never hold a password, token or secret_id. */
export class LeasepoolError extends Error {
  readonly code: LeasepoolErrorCode

  constructor(code: LeasepoolErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** An option is missing, unknown, of the wrong type or out of range. Thrown before anything is started. */
export class OptionError extends LeasepoolError {
  constructor(
    readonly option: string,
    readonly expected: string,
    /** What came, described without its content where the content may be secret. */
    readonly received: string,
  ) {
    super('ERR_OPTION', `Option "${option}": expected ${expected}, got ${received}`)
  }
}

/** Used after `close()`. */
export class ClosedError extends LeasepoolError {
  constructor(what: string) {
    super('ERR_CLOSED', `${what} is closed`)
  }
}

/** A new credential could not log in to an attached pool's database; it was given back and the current one serves on. */
export class ProbeError extends LeasepoolError {
  constructor(
    readonly pool: string,
    readonly generation: number,
    readonly attempts: number,
    options: { cause: unknown },
  ) {
    super('ERR_PROBE', `The credential of generation ${generation} could not log in to ${pool} in ${attempts} attempts`, options)
  }
}

/** The database has refused so many logins of this credential that no more are tried for now: see `refusedLoginsPerMinute`. */
export class LoginPausedError extends LeasepoolError {
  constructor(
    readonly generation: number,
    /** When logins are tried again at the latest, in ms from now. */
    readonly forMs: number,
  ) {
    super(
      'ERR_LOGIN_PAUSED',
      `The database refused too many logins of generation ${generation}; none are tried for ${Math.round(forMs / 1000)} s, or until there is a new credential`,
    )
  }
}

/** No connection of the pool came free within the time that the caller was to wait. */
export class AcquireTimeoutError extends LeasepoolError {
  constructor(
    readonly pool: string,
    readonly waitedMs: number,
  ) {
    super('ERR_ACQUIRE_TIMEOUT', `No connection of pool ${pool} came free within ${waitedMs} ms`)
  }
}

/** A connection does not act as the role that `assumeRole` names although `SET ROLE` succeeded. It was closed. */
export class AssumeRoleError extends LeasepoolError {
  constructor(
    readonly role: string,
    readonly actual: string,
  ) {
    super('ERR_ASSUME_ROLE', `The connection acts as ${actual} after SET ROLE ${role}`)
  }
}

/**
 * The database, or whatever answers in its place, sent what the driver's parser throws at: its connection was cut. `cause` is what was
 * thrown.
 */
export class UnreadableMessageError extends LeasepoolError {
  constructor(options: { cause: unknown }) {
    super('ERR_UNREADABLE_MESSAGE', 'The database sent a message that cannot be read, and its connection was cut', options)
  }
}

/** Where a request to Vault went; part of every {@link VaultError}. */
export interface VaultRequestInfo {
  /** Origin of the server, without credentials, such as `https://vault.internal:8200`. */
  readonly address: string
  readonly method: string
  /** Path below `/v1/`. */
  readonly path: string
}

/** A request to Vault failed. `retryable` tells whether the same request can succeed later without anybody changing anything. */
export class VaultError extends LeasepoolError {
  readonly address: string
  readonly method: string
  readonly path: string

  constructor(
    code: 'ERR_VAULT_UNAVAILABLE' | 'ERR_VAULT_REFUSED' | 'ERR_VAULT_ANSWER' | 'ERR_VAULT_LOGIN',
    request: VaultRequestInfo,
    /** What the message says after the request. */
    readonly problem: string,
    readonly retryable: boolean,
    readonly status: number | undefined,
    options?: { cause?: unknown },
  ) {
    super(code, `${request.method} ${request.path} at ${request.address}: ${problem}`, options)
    this.address = request.address
    this.method = request.method
    this.path = request.path
  }
}

/** Vault could not be reached, did not answer in time, or answered that it cannot serve now (sealed, standby, rate limit, 5xx). */
export class VaultUnavailableError extends VaultError {
  /** How long Vault asks to wait before the next request (`Retry-After`), in ms. */
  readonly retryAfterMs: number | undefined

  constructor(
    request: VaultRequestInfo,
    problem: string,
    status?: number,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super('ERR_VAULT_UNAVAILABLE', request, problem, true, status, 'cause' in options ? { cause: options.cause } : undefined)
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Vault answered and said no: wrong login, no permission, unknown role, unknown lease. Asking again does not help. */
export class VaultRefusedError extends VaultError {
  constructor(
    request: VaultRequestInfo,
    status: number,
    /** Vault's own texts, shortened, with everything that we sent as a secret taken out. */
    readonly reasons: readonly string[],
  ) {
    super('ERR_VAULT_REFUSED', request, `${status} ${reasons.join('; ') || 'without a reason'}`, false, status)
  }
}

/** Vault, or something in between, answered with something that is not what its API promises. */
export class VaultAnswerError extends VaultError {
  constructor(request: VaultRequestInfo, problem: string, status?: number, options?: { cause?: unknown }) {
    super('ERR_VAULT_ANSWER', request, problem, true, status, options)
  }
}

/**
 * What a {@link VaultLoginError} is about.
 * - `mfa-required`: Vault wants a second factor, which a service cannot give.
 * - `limited-uses`: the token has a number of uses (`num_uses`): it would run out in the middle.
 * - `wrapping-token-used`: the wrapping token was unwrapped before, has expired or never was one: somebody may have read what it held.
 * - `wrapping-token-tampered`: what it wraps was not made where it should have been.
 * - `secret-id-refused`: a secret_id that worked before is refused: used up, expired or destroyed.
 * - `token-dead`: the token in the file is dead, and nobody has written another.
 * - `secret-unreadable`: a file could not be read, or a function gave no text.
 */
export type VaultLoginProblem =
  | 'mfa-required'
  | 'limited-uses'
  | 'wrapping-token-used'
  | 'wrapping-token-tampered'
  | 'secret-id-refused'
  | 'token-dead'
  | 'secret-unreadable'

/** A login cannot be made, or gave a token that cannot be used. Only what somebody else may write soon is worth another try. */
export class VaultLoginError extends VaultError {
  constructor(
    request: VaultRequestInfo,
    readonly reason: VaultLoginProblem,
    problem: string,
    options?: { cause?: unknown },
  ) {
    super('ERR_VAULT_LOGIN', request, problem, reason === 'token-dead' || reason === 'secret-unreadable', undefined, options)
  }
}

/**
 * A file that somebody else renders holds nothing that can be used now; whoever writes it may yet. `unreadable`: missing, or no permission.
 * `unparsable`: not in its format, or half-written. `incomplete`: without user name or password. `changing`: not the same for long enough.
 */
export class RenderedFileError extends LeasepoolError {
  readonly retryable = true

  constructor(
    readonly path: string,
    readonly reason: 'unreadable' | 'unparsable' | 'incomplete' | 'changing',
    problem: string,
    options?: { cause?: unknown },
  ) {
    super('ERR_RENDERED_FILE', `No login in ${path}: ${problem}`, options)
  }
}

/** None of the sources of a `fallback` gave a credential. `errors` are theirs, in the order in which they were tried. */
export class NoSourceError extends LeasepoolError {
  readonly retryable: boolean

  constructor(readonly errors: readonly unknown[]) {
    const problems = errors.map((error) => (error instanceof Error ? error.message : 'not an error'))
    super('ERR_NO_SOURCE', `No source gave a credential: ${problems.join('; ')}`, { cause: errors[0] })
    this.retryable = errors.some(mayPass)
  }
}

/** Whether a source said no, and will say so again until somebody changes something; not that it was away. */
export function isRefusal(error: unknown): boolean {
  return saysRetryable(error) === false
}

/** Whether what failed at the start may pass by itself. Errors of ours say it themselves; what an unknown source throws may. */
export function mayPass(error: unknown): boolean {
  return saysRetryable(error) ?? !(error instanceof LeasepoolError)
}

function saysRetryable(error: unknown): boolean | undefined {
  return error instanceof LeasepoolError && 'retryable' in error ? error.retryable === true : undefined
}

/** No first credential could be had within `startTimeoutMs`. `cause` is the last failure. */
export class StartTimeoutError extends LeasepoolError {
  constructor(
    readonly source: string,
    readonly attempts: number,
    readonly waitedMs: number,
    options: { cause: unknown },
  ) {
    const last = options.cause instanceof Error ? options.cause.message : String(options.cause)
    super(
      'ERR_START_TIMEOUT',
      `No credential from ${source} in ${attempts} attempts within ${Math.round(waitedMs)} ms; last: ${last}`,
      options,
    )
  }
}
