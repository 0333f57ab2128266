import type { ServerKind } from '../../contract/server'
import type { Blow, HostileProxy, Moment } from '../../support/hostile-proxy'
import { GARBAGE, tooManyConnections } from './garbage'

/** A way in which a server misbehaves. */
export interface HostileFault {
  readonly name: string
  /** Whether who logs in now can be served. */
  readonly serves: boolean
  /** For what there is not everywhere. */
  readonly on?: readonly ServerKind[]
  begin(proxy: HostileProxy, server: ServerKind): void | Promise<void>
}

/** What is open breaks, and every new connection is struck at that moment. */
function atLogin(name: string, at: Moment, blow: Blow, on?: readonly ServerKind[]): HostileFault {
  return { name, serves: false, ...(on && { on }), begin: (proxy) => (proxy.set({ at, blow }), proxy.strike('end')) }
}

/** What is open is struck as it comes to that moment, and so is what is new. */
function inSession(name: string, at: Moment, blow: Blow): HostileFault {
  return { name, serves: false, begin: (proxy) => proxy.set({ at, blow }) }
}

/** What is open is struck at once, and what is new as it is accepted. */
function everywhere(name: string, blow: Blow): HostileFault {
  return { name, serves: false, begin: (proxy) => (proxy.set({ at: 'accept', blow }), proxy.strike(blow)) }
}

/** What is open is struck at once, but new connections pass. */
function openOnly(name: string, blow: Blow): HostileFault {
  return { name, serves: true, begin: (proxy) => proxy.strike(blow) }
}

function withGarbage(name: string, at: 'hello' | 'question' | 'now', of: (server: ServerKind) => Buffer): HostileFault {
  const begin = (proxy: HostileProxy, server: ServerKind): void => {
    const blow = { garbage: of(server) }
    if (at !== 'now') proxy.set({ at, blow })
    if (at !== 'question') proxy.strike(at === 'now' ? blow : 'end')
  }
  return { name, serves: at === 'now', begin }
}

const STEPS = [
  ['before it says anything', 'hello'],
  ['after the first message of the client', 'challenge'],
  ["after the client's proof", 'proof'],
  ['right before the login is complete', 'ready'],
] as const

const ENDS: readonly (readonly [string, Blow])[] = [
  ['dies', 'end'],
  ['resets', 'reset'],
  ['half-closes', 'half-close'],
  ['goes silent', 'silence'],
]

export const FAULTS: readonly HostileFault[] = [
  { name: 'nobody listens', serves: false, begin: (proxy) => (proxy.strike('end'), proxy.refuse()) },
  { name: 'nobody accepts', serves: false, begin: (proxy) => (proxy.strike('end'), proxy.fillBacklog()) },
  {
    name: 'too many connections',
    serves: false,
    begin: (proxy, server) => {
      proxy.set({ at: 'hello', blow: { lastWords: tooManyConnections(server) } })
      proxy.strike('end')
    },
  },
  everywhere('everything goes silent', 'silence'),
  openOnly('what is open goes silent', 'silence'),
  everywhere('resets everything, and what it accepts', 'reset'),
  openOnly('resets what is open', 'reset'),
  everywhere('half-closes everything, and what it accepts', 'half-close'),
  openOnly('half-closes what is open', 'half-close'),
  ...STEPS.flatMap(([when, at]) =>
    ENDS.map(([what, blow]) => atLogin(`${what} ${when}`, at, blow, at === 'challenge' ? ['postgres'] : undefined)),
  ),
  ...ENDS.flatMap(([what, blow]) => [
    inSession(`${what} when it is asked something`, 'question', blow),
    inSession(`${what} in the middle of an answer`, 'answer', blow),
  ]),
  ...Object.entries(GARBAGE).flatMap(([name, garbage]) => [
    withGarbage(`${name} for a handshake`, 'hello', garbage),
    withGarbage(`${name} for an answer`, 'question', garbage),
    withGarbage(`${name} out of the blue`, 'now', garbage),
  ]),
  {
    name: 'trickles',
    serves: true,
    begin: (proxy) => (proxy.set({ at: 'accept', blow: { trickleMs: 0 } }), proxy.strike({ trickleMs: 0 })),
  },
  atLogin('trickles too slowly to log in', 'accept', { trickleMs: 100 }),
]

/** One of each sort. */
export const TYPICAL: ReadonlySet<string> = new Set([
  'nobody listens',
  'nobody accepts',
  'too many connections',
  'everything goes silent',
  'what is open goes silent',
  'resets everything, and what it accepts',
  'half-closes what is open',
  'dies before it says anything',
  'goes silent right before the login is complete',
  'resets when it is asked something',
  'goes silent in the middle of an answer',
  'an HTTP answer for a handshake',
  'a message of no known kind for an answer',
  'a malformed message for an answer',
  'a malformed message out of the blue',
  'trickles',
])
