import * as http from 'node:http'
import * as https from 'node:https'

export interface HttpRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly body: string | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** Everything a credential needs fits in a few kB: more than this is not Vault. */
const LONGEST_ANSWER = 1024 * 1024

/** No answer came. Its text holds no secret. */
export class NoAnswer extends Error {
  constructor(
    problem: string,
    /** The server has seen nothing of the request: it can be sent to another one. */
    readonly wasSent: boolean,
    cause: unknown,
  ) {
    super(problem, { cause })
  }

  /** The same with something said before it. */
  of(what: string): NoAnswer {
    return new NoAnswer(`${what}: ${this.message}`, this.wasSent, this.cause)
  }
}

/** One request on a connection of its own. Rejects with {@link NoAnswer}. `connectMs`: how long until it can be sent. */
export function send(
  url: URL,
  request: HttpRequest,
  agent: http.Agent,
  signal: AbortSignal,
  connectMs: number,
): Promise<HttpAnswer> {
  const { method, headers, body } = request
  let isConnected = false
  return new Promise<HttpAnswer>((resolve, reject) => {
    const { request: start } = url.protocol === 'https:' ? https : http
    const sent = start(url, { method, headers, agent, signal }, (response) => {
      collect(response).then(resolve, reject)
    })
    sent.on('error', reject)
    sent.once('socket', (socket) => {
      const connected = (): void => {
        isConnected = true
        limit.removeEventListener('abort', tooLong)
      }
      const tooLong = (): void => void sent.destroy(new Error(`no connection within ${connectMs} ms`))
      const limit = AbortSignal.timeout(connectMs)
      limit.addEventListener('abort', tooLong)
      if (url.protocol === 'http:' && !socket.connecting) connected()
      else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
    })
    sent.end(body)
  }).catch((cause: unknown) => {
    if (cause instanceof Error && 'rawPacket' in cause) delete cause.rawPacket // Node's parser keeps what it has read: a secret, perhaps
    throw new NoAnswer(problemOf(cause), isConnected, cause)
  })
}

function collect(response: http.IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > LONGEST_ANSWER) response.destroy(new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`))
      else chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('aborted', () => reject(new Error('the connection was cut in the middle of the answer')))
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, text: Buffer.concat(chunks).toString('utf8') })
    })
  })
}

function problemOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'the request failed'
  // A host with several addresses fails with an AggregateError, which has an empty message.
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause.message
}
