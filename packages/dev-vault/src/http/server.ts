import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { headerOf, type HeaderOf, rawResponse, readBody, send, TOO_LARGE, tokenOf } from './exchange'
import { listenOnFreePort } from './free-port'
import { parseListRequest } from './list-method'
import type { Answer } from './respond'
import type { ServerTls } from './tls'

/** One request whose body has arrived. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly header: HeaderOf
  /** `''` if there is none. */
  readonly token: string
  readonly body: string
  /** True once the client has hung up. */
  readonly isGone: () => boolean
  /** Runs `run` when the client hangs up, at once if it already has. Gives the function that ends this. */
  readonly onGone: (run: () => void) => () => void
}

/** Answers one request, or says that its connection is to be cut. Must not reject. */
export type Serve = (request: ReceivedRequest) => Promise<Answer | 'cut'>

/** Vault's limit for all headers of a request (Go's), in bytes. */
const HEADER_LIMIT = 2 ** 20

/** Vault's `http_read_header_timeout` and `http_read_timeout`, against clients that send a byte now and then. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 }

/** Vault's `http_idle_timeout`. */
const IDLE_TIMEOUT_MS = 300_000

/** The HTTP side of one node: sockets, bodies and headers, on 127.0.0.1. */
export class VaultServer {
  readonly #serve: Serve
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #pending = new Set<Promise<void>>()
  #isOut = false

  constructor(serve: Serve, tls: ServerTls | undefined) {
    this.#serve = serve
    const options = { maxHeaderSize: HEADER_LIMIT, keepAliveTimeout: IDLE_TIMEOUT_MS, ...TIMEOUTS }
    const listener: RequestListener = (request, response) => this.#track(this.#receive(request, response))
    this.#server = tls === undefined ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener)
    this.#server.maxHeadersCount = 0 // as in Vault only their size counts
    // The sockets below TLS, so that they can be cut before and during the handshake, too.
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#server.on('clientError', (error, socket) => this.#track(this.#receiveUnparsed(error, socket)))
  }

  /** Listens on 127.0.0.1 and gives the port back. Can be called again after {@link stop}. */
  async listen(port: number | undefined): Promise<number> {
    return listenOnFreePort(this.#server, port)
  }

  /** While on, every connection is accepted and cut at once, open ones too. */
  outage(isOut: boolean): void {
    this.#isOut = isOut
    if (isOut) this.#destroySockets()
  }

  /** Cuts all connections and waits until the requests under way have run. Does nothing if it does not listen. */
  async stop(): Promise<void> {
    const closed = this.#server.listening ? new Promise<void>((resolve) => this.#server.close(() => resolve())) : undefined
    this.#destroySockets()
    await closed
    await Promise.all(this.#pending)
  }

  #accept(socket: Socket): void {
    // A client that resets its connection must not end the process.
    socket.on('error', () => undefined)
    if (this.#isOut) return void socket.destroy()
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(() => undefined).finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    if (body === 'gone') return
    if (body === 'too large') return send(response, TOO_LARGE, false)
    const { method = 'GET', url = '/', socket } = request
    const answer = await this.#serve({ method, url, ...common(headerOf(request), socket), body: body.text })
    if (answer === 'cut') cut(socket)
    else send(response, answer, method === 'HEAD')
  }

  async #receiveUnparsed(error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): Promise<void> {
    const list = error.code === 'HPE_INVALID_METHOD' && error.rawPacket ? parseListRequest(error.rawPacket) : undefined
    if (list === undefined) return refuse(error, socket)
    const header: HeaderOf = (name) => list.headers.get(name)
    const answer = await this.#serve({ method: 'LIST', url: list.url, ...common(header, socket), body: list.body })
    if (answer === 'cut') cut(socket)
    else if (socket.writable) socket.end(rawResponse(answer))
  }
}

function common(header: HeaderOf, socket: Duplex): Pick<ReceivedRequest, 'header' | 'token' | 'isGone' | 'onGone'> {
  const isGone = (): boolean => socket.destroyed
  return {
    header,
    token: tokenOf(header),
    isGone,
    onGone: (run) => {
      if (isGone()) run()
      else socket.once('close', run)
      return () => socket.removeListener('close', run)
    },
  }
}

/** By a reset where the system can: a client then knows that no answer follows. */
function cut(socket: Duplex): void {
  const hasEncryption = (socket as { encrypted?: boolean }).encrypted === true
  if (socket instanceof Socket && !hasEncryption) socket.resetAndDestroy()
  else socket.destroy()
}

/** As Go's server refuses what is no HTTP request. */
function refuse(error: { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`)
}
