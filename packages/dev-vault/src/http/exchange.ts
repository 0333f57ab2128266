import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, errorAnswer } from './respond'

/** Vault's `max_request_size`. */
const BODY_LIMIT = 32 * 2 ** 20

/** Reads a header by its lower-case name. */
export type HeaderOf = (name: string) => string | undefined

/** What Vault answers to a body above 32 MiB. The rest is not read, so the connection is of no more use. */
export const TOO_LARGE: Answer = {
  ...errorAnswer(413, ['http: request body too large']),
  headers: { Connection: 'close' },
}

/** The body of a request, or why there is none. */
export async function readBody(request: IncomingMessage): Promise<{ text: string } | 'too large' | 'gone'> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > BODY_LIMIT) return 'too large'
      chunks.push(chunk)
    }
  } catch {
    return 'gone' // the client hung up while it was sending
  }
  return { text: Buffer.concat(chunks).toString('utf8') }
}

/** The token of `X-Vault-Token` or else of `Authorization: Bearer`; `''` if there is none. */
export function tokenOf(header: HeaderOf): string {
  const token = header('x-vault-token')
  if (token !== undefined && token !== '') return token
  return /^Bearer (.+)$/i.exec(header('authorization') ?? '')?.[1]?.trim() ?? ''
}

/** Reads headers of Node's parsed requests. */
export function headerOf(request: IncomingMessage): HeaderOf {
  return (name) => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }
}

/** Sends an answer through Node's server. */
export function send(response: ServerResponse, answer: Answer, isHead: boolean): void {
  if (response.destroyed) return
  for (const [name, value] of Object.entries(headersOf(answer))) response.setHeader(name, value)
  response.writeHead(answer.status)
  response.end(isHead ? undefined : answer.body)
}

/** An answer as bytes, for requests that Node's parser does not take. It ends the connection. */
export function rawResponse(answer: Answer): string {
  const headers = { ...headersOf(answer), Connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${answer.status} Vault`, ...lines, '', answer.body ?? ''].join('\r\n')
}

/** Vault sends the second without TLS, too. */
const ALWAYS = { 'Cache-Control': 'no-store', 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }

function headersOf({ status, body, headers = {} }: Answer): Record<string, string> {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const length = status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(body ?? '')) }
  return { ...ALWAYS, ...type, ...headers, ...length }
}
