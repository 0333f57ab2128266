import { multiError } from '../http/respond'

/** What a request gets instead of its answer. At most one of `status`, `reset` and `hang`. */
export interface Fault {
  /** Answers with this status; nothing is done. */
  readonly status?: number
  /** Texts for `{"errors": […]}`. @default Vault's own for 403, 412, 429 and 503, else one that says that it was asked for */
  readonly errors?: readonly string[]
  /** The whole body instead: a string as it is, anything else as JSON. */
  readonly body?: unknown
  /** More headers, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Cuts the connection `before` anything is done, or `after` it was done and before the answer is sent. */
  readonly reset?: 'before' | 'after'
  /** Holds the request until it is released, which is then answered as usual. */
  readonly hang?: true
  /** How many requests it meets; `Infinity` until it is disarmed. @default 1 */
  readonly times?: number
}

/** A fault that waits for its requests. */
export interface ArmedFault {
  readonly path: string | RegExp
  readonly fault: Fault
  /** How many requests it still meets. */
  readonly timesLeft: number
  /** How many requests it holds now. */
  readonly held: number
  /** Lets the requests that it holds go on; it stays armed. */
  release(): void
  /** Meets no more requests, and lets those go on that it holds. */
  disarm(): void
}

/** All faults of a server. The first one that matches meets the request. */
export class Faults {
  readonly #armed = new Set<Armed>()

  arm(path: string | RegExp, fault: Fault): ArmedFault {
    const armed: Armed = new Armed(path, fault, () => this.#armed.delete(armed))
    this.#armed.add(armed)
    return armed
  }

  /** Those that still wait for a request or hold one. */
  all(): ArmedFault[] {
    return [...this.#armed].filter(({ timesLeft, held }) => timesLeft > 0 || held > 0)
  }

  clear(): void {
    for (const armed of [...this.#armed]) armed.disarm()
  }

  /** The fault that meets a request to `path` (without `/v1/` and query), which counts as one of its times. */
  take(path: string): Armed | undefined {
    return [...this.#armed].find((armed) => armed.takes(path))
  }
}

/** One armed fault and the requests that it holds. */
class Armed implements ArmedFault {
  readonly path: string | RegExp
  readonly fault: Fault
  readonly #onDisarm: () => void
  readonly #held = new Set<() => void>()
  #timesLeft: number

  constructor(path: string | RegExp, fault: Fault, onDisarm: () => void) {
    this.path = path
    this.fault = fault
    this.#timesLeft = fault.times ?? 1
    this.#onDisarm = onDisarm
  }

  get timesLeft(): number {
    return this.#timesLeft
  }

  get held(): number {
    return this.#held.size
  }

  takes(path: string): boolean {
    if (this.#timesLeft === 0 || !pathMatches(this.path, path)) return false
    this.#timesLeft -= 1
    return true
  }

  /** Resolves when the request may go on, or its client has hung up. */
  async hold(onGone: (leave: () => void) => () => void): Promise<void> {
    let stopListening: (() => void) | undefined
    await new Promise<void>((resolve) => {
      const leave = (): void => {
        this.#held.delete(leave)
        resolve()
      }
      this.#held.add(leave)
      stopListening = onGone(leave)
    })
    stopListening?.()
  }

  release(): void {
    for (const leave of [...this.#held]) leave()
  }

  disarm(): void {
    this.#timesLeft = 0
    this.#onDisarm()
    this.release()
  }
}

/** A text is a whole path, or the start of one if it ends in `*`. */
export function pathMatches(pattern: string | RegExp, path: string): boolean {
  // `search` starts at the first character also for expressions with the flags g and y, which remember a place.
  if (typeof pattern !== 'string') return path.search(pattern) !== -1
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern
}

/** What Vault 1.21 says with a status, where one text is usual. */
export function usualErrors(status: number, path: string): readonly string[] {
  switch (status) {
    case 403:
      return [multiError('permission denied')]
    case 404:
      return []
    case 412:
      return ['required index state not present']
    case 429:
      return [`request path "${path}": rate limit quota exceeded`]
    case 503:
      return ['Vault is sealed']
    default:
      return [`dev-vault was told to answer ${status}`]
  }
}
