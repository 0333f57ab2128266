import type { LeasedCredentialsEvents } from '@leasepool/core'

export type EventName = keyof LeasedCredentialsEvents

type Texts = { readonly [K in EventName]: (event: LeasedCredentialsEvents[K][0]) => string }

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`
const again = (retryInMs: number | undefined): string => (retryInMs === undefined ? '' : `, again in ${seconds(retryInMs)}`)

/** The few facts of each event. Events hold no secrets, so neither do these. */
const TEXTS: Texts = {
  issued: ({ generation, username, ttlMs }) =>
    `generation ${generation}, user ${username}${ttlMs === undefined ? '' : `, for ${seconds(ttlMs)}`}`,
  renewed: ({ generation, ttlMs, truncated }) =>
    `generation ${generation}, for ${seconds(ttlMs)}${truncated ? ', its last' : ''}`,
  renewFailed: ({ generation, retryInMs, cause }) => `generation ${generation}${again(retryInMs)}: ${messageOf(cause)}`,
  rotationStarted: ({ from, reason }) => `from generation ${from}, because of ${reason}`,
  probeSkipped: ({ generation, waitedMs }) => `generation ${generation}, no free slot for ${seconds(waitedMs)}`,
  probeFailed: ({ generation, attempt, cause }) => `generation ${generation}, attempt ${attempt}: ${messageOf(cause)}`,
  rotated: ({ from, to, tookMs }) => `generation ${from} to ${to} in ${tookMs} ms`,
  rotationFailed: ({ generation, retryInMs, cause }) =>
    `generation ${generation} serves on${again(retryInMs)}: ${messageOf(cause)}`,
  connectionForced: ({ generation, borrowedMs }) => `generation ${generation}, borrowed for ${seconds(borrowedMs)}`,
  pinnedConnectionKept: ({ generation, borrowedMs }) => `generation ${generation}, pinned, borrowed for ${seconds(borrowedMs)}`,
  leakSuspected: ({ generation, borrowedMs }) => `generation ${generation}, borrowed for ${seconds(borrowedMs)}`,
  drained: ({ generation, reason, waitedMs }) => `generation ${generation} after ${seconds(waitedMs)}, ${reason}`,
  revoked: ({ generation }) => `generation ${generation}, its user is gone`,
  revokeFailed: ({ generation, endsInMs, cause }) =>
    `generation ${generation}, ends in ${seconds(endsInMs)}: ${messageOf(cause)}`,
  loggedIn: ({ method, ttlMs }) => `to Vault by ${method}${ttlMs === undefined ? '' : `, for ${seconds(ttlMs)}`}`,
  tokenRenewed: ({ ttlMs }) => `for ${seconds(ttlMs)}`,
  tokenRenewFailed: ({ attempt, retryInMs, cause }) => `attempt ${attempt}${again(retryInMs)}: ${messageOf(cause)}`,
  tokenSpent: ({ endsInMs }) => `ends in ${seconds(endsInMs)}`,
  healthChanged: ({ to, reasons }) => `${to}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`,
  sourceCheckFailed: ({ source, attempt, retryInMs, cause }) =>
    `${source}, attempt ${attempt}${again(retryInMs)}: ${messageOf(cause)}`,
  sourceChecked: ({ source }) => `${source} can be read again`,
  fellBack: ({ from, to, cause }) => `${to} serves instead of ${from}: ${messageOf(cause)}`,
  cameBack: ({ from, to }) => `${to} serves again instead of ${from}`,
  loginRefused: ({ generation, cause }) => `generation ${generation}: ${messageOf(cause)}`,
  loginsPaused: ({ refused, forMs }) => `${refused} were refused, none for ${seconds(forMs)}`,
  wokeUp: ({ missedMs }) => `${seconds(missedMs)} went by unnoticed`,
  closed: ({ waitedMs }) => `after ${seconds(waitedMs)}`,
}

export const EVENT_NAMES = Object.keys(TEXTS) as EventName[]

/** One line about an event. */
export function eventText(name: EventName, event: object): string {
  return TEXTS[name](event as never)
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim()
}
