/** One request that has been answered or cut. No token, no secret. */
export interface LoggedRequest {
  /** When it had arrived, in ms since 1970 of the server's clock. */
  readonly timeMs: number
  readonly method: string
  /** Without query, and with tokens in it blanked. */
  readonly path: string
  /** 0: its connection was cut instead of an answer. */
  readonly status: number
  /** Of the token that it came with, if that was live. */
  readonly accessor?: string
  /** Of the role whose credentials it asked for. */
  readonly role?: string
  /** Of the lease that it made or named. */
  readonly leaseId?: string
}

const LONGEST_LOG = 1000
const LONGEST_PATH = 256

/** Adds a request at the end of `log` and forgets the oldest beyond 1000. */
export function logRequest(log: LoggedRequest[], entry: LoggedRequest): void {
  log.push(entry)
  if (log.length > LONGEST_LOG) log.splice(0, log.length - LONGEST_LOG)
}

/** A path as the log shows it, out of a url as it was sent. */
export function loggedPath(url: string): string {
  const path = url.split('?')[0]!.replace(/\b(hvs|hvb|s|b)\.[\w-]{8,}/g, '$1.[token]')
  return path.slice(0, LONGEST_PATH)
}
