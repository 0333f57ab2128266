import { readFileSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import { OptionError, VaultAnswerError, VaultRefusedError, VaultUnavailableError, type VaultRequestInfo } from '../errors'
import { isTrue, vaultEnv } from './env'

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
  /** Limit for one request, answer included, in ms. */
  readonly requestTimeoutMs: number
  /** PEM of the certificate authority to trust, instead of the system's. @default the file that `VAULT_CACERT` names */
  readonly ca?: string | undefined
  /** PEM of the certificate to show to the server, and of its key. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined
}

/** Everything a credential needs fits in a few kB: more than this is not Vault. */
const LONGEST_ANSWER = 1024 * 1024
/** Statuses of a server that cannot serve now, below 500: quotas and standbys (429), consistency (412), replication (472, 473). */
const NOT_NOW = [412, 429, 472, 473]

/**
 * The request function underneath node-vault. Unlike node-vault's own it has a time limit, an abort signal and a size limit,
 * follows no redirects, reads `VAULT_SKIP_VERIFY=false` as false, and fails with typed errors that hold no secret.
 */
export function vaultTransport(options: TransportOptions): (request: TransportRequest) => Promise<TransportResponse> {
  const tls: https.AgentOptions = {
    rejectUnauthorized: !isTrue(vaultEnv('SKIP_VERIFY')),
    ...authority(options.ca),
    ...options.clientCertificate,
  }
  const agent = new https.Agent(tls)
  return async (request) => {
    const url = new URL(request.uri)
    const info = { address: url.origin, method: request.method, path: decodeURI(url.pathname.replace(/^\/v1\//, '')) }
    const { timeoutMs = options.requestTimeoutMs } = request
    const limit = AbortSignal.timeout(timeoutMs)
    const signal = request.signal === undefined ? limit : AbortSignal.any([request.signal, limit])
    try {
      const { status, text } = await send(url, request, url.protocol === 'https:' ? agent : undefined, signal)
      return { statusCode: 200, body: parse(info, status, text, secretsOf(request)), request: { path: url.pathname } }
    } catch (cause) {
      if (cause instanceof VaultRefusedError || cause instanceof VaultUnavailableError || cause instanceof VaultAnswerError)
        throw cause
      if (cause instanceof Error && 'rawPacket' in cause) delete cause.rawPacket // Node's parser keeps what it has read: a secret, perhaps
      const problem = limit.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause)
      throw new VaultUnavailableError(info, problem, undefined, { cause })
    }
  }
}

function authority(ca: string | undefined): { ca?: string | Buffer } {
  if (ca !== undefined) return { ca }
  const file = vaultEnv('CACERT')
  if (file === undefined) return {}
  try {
    return { ca: readFileSync(file) }
  } catch {
    throw new OptionError('VAULT_CACERT', 'the path of a readable PEM file', file)
  }
}

function send(
  url: URL,
  request: TransportRequest,
  agent: https.Agent | undefined,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const body = typeof request.json === 'object' && request.json !== null ? JSON.stringify(request.json) : undefined
  const headers = {
    ...request.headers,
    'X-Vault-Request': 'true',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
  }
  return new Promise((resolve, reject) => {
    const { request: start } = agent === undefined ? http : https
    const sent = start(url, { method: request.method, headers, agent, signal }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > LONGEST_ANSWER) response.destroy(new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('aborted', () => reject(new Error('the connection was cut in the middle of the answer')))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function parse(info: VaultRequestInfo, status: number, text: string, secrets: readonly string[]): unknown {
  if (status === 204) return undefined
  if (status >= 300 && status < 400) throw new VaultUnavailableError(info, `${status} redirect, which is not followed`, status)
  const body = parseJson(text)
  const reasons = reasonsIn(body, secrets)
  if (status >= 500 || NOT_NOW.includes(status)) {
    throw new VaultUnavailableError(info, `${status} ${reasons?.join('; ') ?? 'without a reason'}`, status)
  }
  if (status >= 400 && reasons !== undefined) throw new VaultRefusedError(info, status, reasons)
  if (status >= 400) throw new VaultAnswerError(info, `${status} and a body that is not Vault's`, status)
  if (status === 202 && text === '') return undefined
  if (typeof body !== 'object' || body === null) throw new VaultAnswerError(info, `${status} and a body that is not JSON`, status)
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Vault's error texts, cut to one line each of at most 300 characters, without what we sent as a secret. */
function reasonsIn(body: unknown, secrets: readonly string[]): string[] | undefined {
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) return undefined
  const clean = (text: string): string => secrets.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text)
  return body.errors.map((text) => clean(String(text)).replace(/\s+/g, ' ').trim().slice(0, 300))
}

/** Everything in a request that may be a secret: the token, and every text of the body. */
function secretsOf(request: TransportRequest): string[] {
  const body = typeof request.json === 'object' && request.json !== null ? Object.values(request.json) : []
  const texts = [...body, request.headers?.['X-Vault-Token']]
  return texts.filter((text): text is string => typeof text === 'string' && text.length > 7)
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'the request failed'
  // A host with several addresses fails with an AggregateError, which has an empty message.
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause.message
}
