import type { Clock } from '../../clock'
import { VaultAnswerError, VaultError, VaultUnavailableError, type VaultRequestInfo } from '../../errors'
import { JointSignal } from '../../joint-signal'
import { bodyOf, secretsIn } from './answer'
import { NoAnswer, send, type HttpAnswer, type HttpRequest } from './http'
import { agentFor } from './proxy'
import { Redirects } from './redirect'
import { VaultServers } from './servers'
import type { TlsSettings } from './tls'

/** What node-vault hands to its request function; headers and body hold secrets, so neither ever enters an error. */
export interface TransportRequest {
  readonly method: string
  readonly uri: string
  readonly headers?: Readonly<Record<string, string>>
  /** Body, sent as JSON; `true` or absent means none. */
  readonly json?: unknown
  readonly signal?: AbortSignal
  /** Limit for this request, in ms, in place of `requestTimeoutMs`. */
  readonly timeoutMs?: number
}

export interface TransportResponse {
  readonly statusCode: number
  readonly body: unknown
  readonly request: { readonly path: string }
}

export interface TransportOptions {
  /** Where Vault listens, in the order in which to ask; requests are made for the first. */
  readonly addresses: readonly string[]
  /** Limit for one request, answer included, in ms. */
  readonly requestTimeoutMs: number
  readonly tls: TlsSettings
  readonly clock: Clock
}

/** How long until a server takes a connection, where there is another to ask instead, in ms. */
const CONNECT_MS = 3_000
/** How long a server may take to say how it is, in ms. */
const HEALTH_MS = 2_000
/** A server that is sealed, not set up, a replica that serves nobody, or that has left its cluster: it has done nothing, another may. */
const ASK_ANOTHER = [472, 473, 474, 501, 503, 530]
/** It, or what stands before it, fails: whether it has done anything is unknown, and the next request goes to another. */
const FAILING = [500, 502, 504]

/**
 * The request function underneath node-vault. Unlike node-vault's own it has a time limit, an abort signal and a size limit, turns to the
 * next address when one does not serve, follows a redirect only within the cluster, reads `VAULT_SKIP_VERIFY=false` as false, and fails with
 * typed errors that hold no secret.
 */
export function vaultTransport(options: TransportOptions): (request: TransportRequest) => Promise<TransportResponse> {
  const addresses = options.addresses.map((address) => address.replace(/\/+$/, ''))
  const readHealth = (address: string): Promise<HttpAnswer | undefined> => health(address, options.tls)
  const servers = new VaultServers(addresses, options.clock, readHealth)
  const redirects = new Redirects(
    addresses.map((address) => new URL(address).origin),
    readHealth,
  )
  const connectMs = addresses.length === 1 ? options.requestTimeoutMs : Math.min(CONNECT_MS, options.requestTimeoutMs)

  async function ask(info: VaultRequestInfo, url: URL, request: TransportRequest, signal: AbortSignal): Promise<unknown> {
    const asHttp = httpRequest(request)
    let answer = await answerOf(url, asHttp, signal)
    if (answer.status >= 300 && answer.status < 400) {
      const target = await redirects.target(url, answer.headers.location)
      if ('problem' in target) throw notFollowed(info, answer.status, target.problem)
      answer = await answerOf(target.url, asHttp, signal).catch((cause: unknown) => {
        throw cause instanceof NoAnswer ? cause.of(`redirected to ${target.url.origin}`) : cause
      })
      if (answer.status >= 300 && answer.status < 400) throw notFollowed(info, answer.status, 'after a redirect')
    }
    return bodyOf(info, answer, secretsIn(request.json, request.headers?.['X-Vault-Token']), options.clock)
  }

  async function answerOf(url: URL, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    return send(url, request, agentFor(url, options.tls), signal, connectMs)
  }

  async function askInTime(request: TransportRequest): Promise<unknown> {
    const limit = AbortSignal.timeout(request.timeoutMs ?? options.requestTimeoutMs)
    const joint = new JointSignal(limit, ...(request.signal === undefined ? [] : [request.signal]))
    try {
      return await askInTurn(request, limit, joint.signal)
    } finally {
      joint.clear()
    }
  }

  async function askInTurn(request: TransportRequest, limit: AbortSignal, signal: AbortSignal): Promise<unknown> {
    const { timeoutMs = options.requestTimeoutMs } = request
    const failures: VaultError[] = []
    for (const address of servers.inTurn()) {
      const url = new URL(address + request.uri.slice(addresses[0]!.length))
      const info = { address: url.origin, method: request.method, path: decodeURI(url.pathname.replace(/^.*?\/v1\//, '')) }
      const patience = timeoutMs > options.requestTimeoutMs ? AbortSignal.timeout(options.requestTimeoutMs) : undefined
      const isSlow = (): void => servers.failed(address)
      patience?.addEventListener('abort', isSlow)
      try {
        return await ask(info, url, request, signal)
      } catch (cause) {
        const error = typed(info, cause, limit.aborted ? `no answer within ${timeoutMs} ms` : undefined)
        failures.push(error)
        const { isOfNoUse, hasDoneNothing } = judged(cause, error)
        if (isOfNoUse && request.signal?.aborted !== true) servers.failed(address)
        if (signal.aborted || !hasDoneNothing) break
      } finally {
        patience?.removeEventListener('abort', isSlow)
      }
    }
    throw together(failures)
  }

  return async (request) => {
    const body = await askInTime(request)
    return { statusCode: 200, body, request: { path: new URL(request.uri).pathname } }
  }
}

function httpRequest(request: TransportRequest): HttpRequest {
  const body = typeof request.json === 'object' && request.json !== null ? JSON.stringify(request.json) : undefined
  const headers = {
    ...request.headers,
    'X-Vault-Request': 'true',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
  }
  return { method: request.method, headers, body }
}

/** How a server is, in its own words, asked without a token; `undefined` when it does not say. */
async function health(address: string, tls: TlsSettings): Promise<HttpAnswer | undefined> {
  const url = new URL(`${address}/v1/sys/health`)
  const request = { method: 'GET', headers: { 'X-Vault-Request': 'true' }, body: undefined }
  return send(url, request, agentFor(url, tls), AbortSignal.timeout(HEALTH_MS), HEALTH_MS).catch(() => undefined)
}

function notFollowed(info: VaultRequestInfo, status: number, problem: string): VaultUnavailableError {
  return new VaultUnavailableError(info, `${status} redirect ${problem}: not followed`, status)
}

function typed(info: VaultRequestInfo, cause: unknown, problem: string | undefined): VaultError {
  if (cause instanceof VaultError) return cause
  if (cause instanceof NoAnswer)
    return new VaultUnavailableError(info, problem ?? cause.message, undefined, { cause: cause.cause })
  return new VaultAnswerError(info, problem ?? 'the request could not be made', undefined, { cause })
}

/** Whether to turn to another server from now on, and whether this very request can go to one. */
function judged(cause: unknown, { status = 0 }: VaultError): { isOfNoUse: boolean; hasDoneNothing: boolean } {
  if (cause instanceof NoAnswer) return { isOfNoUse: true, hasDoneNothing: !cause.wasSent }
  const hasDoneNothing = ASK_ANOTHER.includes(status)
  return { isOfNoUse: hasDoneNothing || FAILING.includes(status), hasDoneNothing }
}

/** The last failure; where several servers were asked, with what each of them said. */
function together(failures: readonly VaultError[]): VaultError {
  const last = failures.at(-1)!
  if (failures.length === 1 || !(last instanceof VaultUnavailableError)) return last
  const others = failures.slice(0, -1).map(({ address, problem }) => `${address}: ${problem}`)
  const { status, retryAfterMs, cause } = last
  return new VaultUnavailableError(last, `${last.problem} (before it ${others.join('; ')})`, status, { cause, retryAfterMs })
}
