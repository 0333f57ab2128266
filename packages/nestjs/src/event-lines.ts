import type { LeasedCredentialsEvents } from '@leasepool/core'

export type EventName = keyof LeasedCredentialsEvents
export type Level = 'error' | 'warn' | 'log' | 'debug'

type Line<K extends EventName> = (event: LeasedCredentialsEvents[K][0]) => readonly [Level, string]

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`
const again = (retryInMs: number | undefined): string => (retryInMs === undefined ? '' : `, again in ${seconds(retryInMs)}`)
const ends = (endsInMs: number | undefined): string => (endsInMs === undefined ? '' : `, ends in ${seconds(endsInMs)}`)
const messageOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : 'not an error').replace(/\s+/g, ' ').trim()

/** `error`: queries fail, or will. `warn`: something went wrong and is being dealt with. `log`: what an operator wants to know. */
const LINES: { readonly [K in EventName]: Line<K> } = {
  issued: ({ generation, username, ttlMs }) => [
    'debug',
    `Generation ${generation} issued, user ${username}${ttlMs === undefined ? '' : `, for ${seconds(ttlMs)}`}`,
  ],
  renewed: ({ generation, ttlMs, truncated }) => [
    'debug',
    `Generation ${generation} renewed for ${seconds(ttlMs)}${truncated ? ', its last time' : ''}`,
  ],
  renewFailed: ({ generation, retryInMs, cause }) => [
    'warn',
    `Generation ${generation} could not be renewed${again(retryInMs)}: ${messageOf(cause)}`,
  ],
  rotationStarted: ({ from, reason }) => ['debug', `Rotation from generation ${from} started (${reason})`],
  probeSkipped: ({ pool, generation, waitedMs }) => [
    'debug',
    `Generation ${generation} was not tried in pool ${pool}: no connection came free within ${seconds(waitedMs)}`,
  ],
  probeFailed: ({ pool, generation, attempt, cause }) => [
    'warn',
    `Generation ${generation} could not log in to pool ${pool}, attempt ${attempt}: ${messageOf(cause)}`,
  ],
  rotated: ({ from, to, username, reason, tookMs }) => [
    'log',
    `Rotated from generation ${from} to ${to} in ${tookMs} ms (${reason}), user ${username}`,
  ],
  rotationFailed: ({ generation, reason, attempt, retryInMs, cause }) => [
    'warn',
    `Rotation failed (${reason}), attempt ${attempt}${again(retryInMs)}; generation ${generation} serves on: ${messageOf(cause)}`,
  ],
  connectionForced: ({ pool, generation, borrowedMs }) => [
    'warn',
    `A connection of generation ${generation} in pool ${pool} was closed by force after ${seconds(borrowedMs)}`,
  ],
  pinnedConnectionKept: ({ pool, generation, borrowedMs }) => [
    'log',
    `A pinned connection of generation ${generation} in pool ${pool} is kept, borrowed for ${seconds(borrowedMs)}`,
  ],
  leakSuspected: ({ pool, borrowedMs }) => ['warn', `A connection of pool ${pool} has been borrowed for ${seconds(borrowedMs)}`],
  drained: ({ generation, reason, waitedMs }) => [
    'debug',
    `Generation ${generation} drained after ${seconds(waitedMs)} (${reason})`,
  ],
  revoked: ({ generation }) => ['debug', `Generation ${generation} given back`],
  revokeFailed: ({ generation, endsInMs, cause }) => [
    'warn',
    `Generation ${generation} could not be given back, ends in ${seconds(endsInMs)}: ${messageOf(cause)}`,
  ],
  loggedIn: ({ method }) => ['debug', `Logged in to Vault by ${method}`],
  tokenRenewed: ({ ttlMs }) => ['debug', `Vault token renewed for ${seconds(ttlMs)}`],
  tokenRenewFailed: ({ attempt, retryInMs, cause }) => [
    'warn',
    `The Vault token could not be renewed, attempt ${attempt}${again(retryInMs)}: ${messageOf(cause)}`,
  ],
  tokenSpent: ({ endsInMs, canLogIn }) => [
    canLogIn ? 'debug' : 'warn',
    `The Vault token cannot be renewed any more${ends(endsInMs)}${canLogIn ? '' : ', and there is no login for a new one'}`,
  ],
  sourceCheckFailed: ({ source, attempt, retryInMs, cause }) => [
    'warn',
    `${source} could not be read, attempt ${attempt}${again(retryInMs)}: ${messageOf(cause)}`,
  ],
  sourceChecked: ({ source }) => ['log', `${source} can be read again`],
  fellBack: ({ from, to, cause }) => ['warn', `${to} serves instead of ${from}: ${messageOf(cause)}`],
  cameBack: ({ from, to }) => ['log', `${to} serves again instead of ${from}`],
  loginRefused: ({ generation, cause }) => ['warn', `The database refused generation ${generation}: ${messageOf(cause)}`],
  loginsPaused: ({ refused, forMs }) => ['error', `${refused} logins were refused, none are tried for ${seconds(forMs)}`],
  healthChanged: ({ to, reasons, endsInMs }) => [
    to === 'down' ? 'error' : to === 'degraded' ? 'warn' : 'log',
    `Health is ${to}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}${ends(endsInMs)}`,
  ],
  wokeUp: ({ missedMs }) => ['log', `${seconds(missedMs)} went by unnoticed: the machine was suspended`],
  closed: ({ waitedMs }) => ['log', `Closed after ${seconds(waitedMs)}`],
}

export const EVENT_NAMES = Object.keys(LINES) as EventName[]

/** How grave an event is, and one line about it. Events hold no secrets, so neither does this. */
export function eventLine(name: EventName, event: object): readonly [Level, string] {
  return LINES[name](event as never)
}
