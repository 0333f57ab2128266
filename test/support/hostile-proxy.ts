import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { fullBacklog, type FullBacklog } from './full-backlog'
import { loginFrames, type FrameReader, type Protocol, type Role } from './login-frames'

/** What is done to a connection. After garbage, and after a half close, nothing more comes; after last words, the end. */
export type Blow =
  | 'silence'
  | 'reset'
  | 'half-close'
  | 'end'
  | { readonly garbage: Buffer }
  | { readonly lastWords: Buffer }
  | { readonly trickleMs: number }

/**
 * When it is done: `accept`, before anything; `question`, the next time that a client sends something after its login; or in place of a
 * message of the server, of which half has passed in an `answer`.
 */
export type Moment = 'accept' | 'question' | Role

export interface Fault {
  readonly at: Moment
  readonly blow: Blow
}

/** A TCP server in front of a real database, which misbehaves when it is told to. */
export interface HostileProxy {
  readonly port: number
  /** Connections that the client has not ended; a cancel request of PostgreSQL is none. */
  readonly open: number
  /** The most of them at the same time. */
  readonly peak: number
  /** From now on, on new connections and on open ones as they come to that moment; `undefined`: no more. */
  set(fault: Fault | undefined): void
  /** At once, on every open connection. */
  strike(blow: Blow): void
  /** Nobody listens any more; open connections stay. */
  refuse(): Promise<void>
  /** Somebody listens and accepts nothing: connections are not even established. */
  fillBacklog(): Promise<void>
  /** New connections pass again. What was struck stays so. */
  heal(): Promise<void>
  close(): Promise<void>
}

export async function startHostileProxy(targetPort: number, protocol: Protocol): Promise<HostileProxy> {
  const pipes = new Set<Pipe>()
  let fault: Fault | undefined
  let peak = 0
  let backlog: FullBacklog | undefined
  const openOf = (some: Iterable<Pipe>): number => [...some].filter(({ isSession, hasEnded }) => isSession && !hasEnded).length
  const count = async (now: readonly Pipe[]): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
    peak = Math.max(peak, openOf(now))
  }
  const accept = (near: Socket): void => {
    const pipe = new Pipe(near, targetPort, protocol, () => fault)
    pipes.add(pipe)
    near.once('close', () => pipes.delete(pipe))
    if (pipe.isSession) void count([...pipes])
    else near.once('data', () => void count([...pipes]))
  }
  const listenOn = async (port: number): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, accept).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let server: Server | undefined = await firstFree(listenOn)
  const { port } = server.address() as { port: number }
  const refuse = async (): Promise<void> => {
    server?.close() // connections that are open stay
    server = undefined
    await backlog?.end()
    backlog = undefined
  }
  return {
    port,
    get open() {
      return openOf(pipes)
    },
    get peak() {
      return peak
    },
    set: (next) => void (fault = next),
    strike: (blow) => pipes.forEach((pipe) => pipe.strike(blow)),
    refuse,
    fillBacklog: async () => {
      await refuse()
      backlog = await fullBacklog(port)
    },
    heal: async () => {
      fault = undefined
      if (server !== undefined) return
      await refuse()
      server = await listenOn(port)
    },
    close: async () => {
      await refuse()
      pipes.forEach((pipe) => pipe.destroy())
      ports.delete(port)
    },
  }
}

/** One connection, and the one behind it. */
class Pipe {
  /** The client has said that it sends nothing more, or is gone. */
  hasEnded = false
  /** PostgreSQL's clients speak first, and may want to cancel something. */
  isSession: boolean
  readonly #near: Socket
  readonly #far: Socket
  readonly #frames: FrameReader
  readonly #fault: () => Fault | undefined
  #isStruck = false
  #trickle: { readonly ms: number; readonly bytes: Buffer[] } | undefined

  constructor(near: Socket, port: number, protocol: Protocol, fault: () => Fault | undefined) {
    this.#near = near
    this.#fault = fault
    this.#frames = loginFrames(protocol)
    this.isSession = protocol === 'mysql'
    near.once('data', (first) => (this.isSession ||= !isCancelRequest(first)))
    this.#far = connect({ port, host: '127.0.0.1', noDelay: true })
    near.on('error', () => this.#clientEnded())
    this.#far.on('error', () => undefined)
    near.on('data', (bytes) => this.#fromClient(bytes))
    near.on('end', () => this.#clientEnded())
    near.on('close', () => this.#clientEnded())
    this.#far.on('data', (bytes) => this.#fromServer(bytes))
    this.#far.on('close', () => this.#isStruck || near.end())
    this.#isDue('accept')
  }

  strike(blow: Blow): void {
    if (typeof blow === 'object' && 'trickleMs' in blow) {
      this.#trickle ??= { ms: blow.trickleMs, bytes: [] }
      return
    }
    if (this.#isStruck) return
    this.#isStruck = true
    const near = this.#near
    if (typeof blow === 'object' && 'garbage' in blow) near.write(blow.garbage)
    else if (typeof blow === 'object') near.end(blow.lastWords)
    else if (blow === 'reset') near.resetAndDestroy()
    else if (blow === 'half-close') near.end()
    else if (blow === 'end') near.destroy()
    if (blow !== 'silence') this.#far.destroy()
  }

  destroy(): void {
    this.#near.destroy()
    this.#far.destroy()
  }

  #clientEnded(): void {
    this.hasEnded = true
    if (this.#near.writableEnded) this.#near.destroy()
    if (this.#isStruck) this.#far.destroy()
    else this.#far.end()
  }

  #fromClient(bytes: Buffer): void {
    if (!this.#isStruck && this.#frames.isLoggedIn) this.#isDue('question')
    if (!this.#isStruck) this.#far.write(bytes)
  }

  #fromServer(bytes: Buffer): void {
    for (const { roles, frame } of this.#frames.read(bytes)) {
      if (this.#isStruck) return
      if (roles.includes('answer') && this.#fault()?.at === 'answer') this.#near.write(frame.subarray(0, frame.length / 2))
      if (this.#isDue(...roles)) return
      this.#pass(frame)
    }
  }

  /** Whether it is over with this connection. */
  #isDue(...moments: readonly Moment[]): boolean {
    const fault = this.#fault()
    if (fault !== undefined && moments.includes(fault.at)) this.strike(fault.blow)
    return this.#isStruck
  }

  #pass(frame: Buffer): void {
    if (this.#trickle === undefined) return void this.#near.write(frame)
    const { bytes } = this.#trickle
    if (bytes.push(frame) === 1) void this.#drip(this.#trickle)
  }

  async #drip({ ms, bytes }: { readonly ms: number; readonly bytes: Buffer[] }): Promise<void> {
    for (; bytes.length > 0; bytes.shift()) {
      for (const byte of bytes[0]!) {
        if (this.#isStruck || this.hasEnded) return
        this.#near.write(Buffer.of(byte))
        await (ms === 0 ? nextTurn() : sleep(ms))
      }
    }
  }
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
function isCancelRequest(first: Buffer): boolean {
  return first.length >= 8 && first.readUInt32BE(4) === 80_877_102
}

/** What ended before a connection began is heard of within so many turns of the event loop after it. */
const TURNS = 5

/** Ports of proxies that are not closed: one that refuses for a while must find its port free again. */
const ports = new Set<number>()

/** Below 32768: higher ports may be taken by an outgoing connection at any moment. */
async function firstFree(listenOn: (port: number) => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (ports.has(port)) continue
    try {
      ports.add(port)
      return await listenOn(port)
    } catch (error) {
      ports.delete(port)
      if (attempt === 20) throw error
    }
  }
}
