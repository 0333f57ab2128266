import type { LeasedCredentialsStatus } from '@leasepool/core'
import type { Phase } from './display'
import { MAX_CONNECTIONS, MAX_TTL_SECONDS, TTL_SECONDS } from './limits'
import type { Happening } from './tally'
import type { Line, Span } from './terminal'

/** All that one picture shows. */
export interface Scene {
  readonly phase: Phase
  readonly elapsedMs: number
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly status: LeasedCredentialsStatus
  readonly queriesPerSecond: number
  readonly queries: number
  readonly failed: number
  readonly rotations: number
  readonly renewals: number
  readonly happenings: readonly Happening[]
}

const EMPTY: Line = []

/** The picture from top to bottom, as many lines as fit: when room is short, old events go first and empty lines next. */
export function frame(scene: Scene): Line[] {
  const head = [
    title(scene.phase, scene.elapsedMs, scene.seconds, scene.width),
    EMPTY,
    ...leaseLines(scene),
    EMPTY,
    ...connectionLines(scene.status),
    EMPTY,
    ...countLines(scene),
    EMPTY,
  ]
  const roomy = scene.height >= head.length + 3
  const top = roomy ? head : head.filter((line) => line !== EMPTY)
  const room = Math.max(0, scene.height - top.length)
  return [...top, ...scene.happenings.slice(-room || Infinity).map(eventLine)].slice(0, scene.height)
}

/** The first line, which is also all there is to see while the servers start. */
export function title(phase: Phase, elapsedMs: number, seconds: number, width: number): Line {
  const name = 'leasepool demo'
  const state = {
    starting: 'starting PostgreSQL and dev-vault',
    running: `${Math.min(elapsedMs / 1000, seconds).toFixed(1)} of ${seconds} s`,
    ending: 'ending: finishing what has begun',
    ended: `ended after ${(elapsedMs / 1000).toFixed(1)} s`,
  }[phase]
  return [[name, 'bold'], [state.padStart(Math.min(width, 76) - name.length), 'dim']] // prettier-ignore
}

function leaseLines({ status, width }: Scene): Line[] {
  const { generation, username, endsInMs = 0, ageMs = 0, rotatesInMs = 0, isRotating } = status
  const isOver = status.state === 'closed'
  const rotation = isRotating ? 'rotating now' : `rotates in ${Math.max(0, rotatesInMs / 1000).toFixed(1)} s`
  return [
    [label('user'), [`generation ${generation}  `], [username, 'cyan']],
    [
      label('lease'),
      ...bar(isOver ? 0 : endsInMs / 1000, TTL_SECONDS, width),
      [isOver ? '  given back' : '  renewed in time', 'dim'],
    ],
    [
      label('max_ttl'),
      ...bar(isOver ? 0 : MAX_TTL_SECONDS - ageMs / 1000, MAX_TTL_SECONDS, width),
      [isOver ? '  its user is gone' : `  ${rotation}`, 'dim'],
    ],
  ]
}

function bar(left: number, of: number, width: number): Span[] {
  const cells = Math.max(6, Math.min(36, width - 50))
  const full = Math.round(cells * Math.max(0, Math.min(1, left / of)))
  const text = `${Math.max(0, left).toFixed(1)} s of ${of} s`
  return [['█'.repeat(full), 'cyan'], ['░'.repeat(cells - full), 'dim'], [`  ${text}`]] // prettier-ignore
}

/** One mark per connection that the database allows. */
function connectionLines({ pools, draining }: LeasedCredentialsStatus): Line[] {
  const { sockets = 0, borrowed = 0, stale = 0 } = pools[0] ?? {}
  const now = sockets - stale
  const marks: Span[] = [['■ '.repeat(now), 'cyan'], ['▲ '.repeat(stale), 'yellow'], ['· '.repeat(Math.max(0, MAX_CONNECTIONS - sockets)), 'dim']] // prettier-ignore
  const whose = draining.length === 0 ? '' : ` of generation ${draining.join(', ')}`
  return [
    [label('connections'), ...marks, [`  ${sockets} of ${MAX_CONNECTIONS}, ${borrowed} borrowed`]],
    [label(''), [`■ ${now} now   `, 'cyan'], [`▲ ${stale} old${whose}`, stale === 0 ? 'dim' : 'yellow']],
  ]
}

function countLines({ phase, queriesPerSecond, queries, failed, rotations, renewals }: Scene): Line[] {
  const rate = phase === 'ended' ? '' : `, ${queriesPerSecond.toLocaleString('en-US')} per second`
  return [
    [
      label('work'),
      [`${queries.toLocaleString('en-US')} queries${rate}   `],
      [`${failed} failed`, failed === 0 ? 'green' : 'red'],
    ],
    [label('rotations'), [String(rotations), 'bold'], [`   renewals ${renewals}`]],
  ]
}

function eventLine({ atMs, name, text }: Happening): Line {
  const style = name === 'rotated' ? 'cyan' : /Failed|Forced/.test(name) ? 'red' : 'plain'
  return [[`${(atMs / 1000).toFixed(1).padStart(9)} s  `, 'dim'], [name.padEnd(17), style], [text, 'dim']] // prettier-ignore
}

function label(text: string): Span {
  return [text.padEnd(13), 'dim']
}
