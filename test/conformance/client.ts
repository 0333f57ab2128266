import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'

/** What came back, with the JSON of its body; `undefined` for an empty body, the text itself for one that is no JSON. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the cases look into bodies of every shape
  readonly body: any
}

/** What is sent: a body that is a string goes as it is. */
export interface Sent {
  readonly method: string
  /** Below `/v1/`, encoded, with its query. */
  readonly path: string
  readonly body?: unknown
  /** None if it is `''`. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends one request; rejects only if no answer comes. */
export type Send = (sent: Sent) => Promise<Answer>

/** Sends to one server, each request on a connection of its own. */
export function client(address: string): Send {
  return ({ method, path, body, token = '', headers = {} }) =>
    new Promise((resolve, reject) => {
      const auth = token === '' ? {} : { 'X-Vault-Token': token }
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      // Without a length Node would send a DELETE's body in chunks.
      const length = text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }
      const request = httpRequest(address, {
        method,
        path: `/v1/${path}`,
        headers: { ...auth, ...length, ...headers },
        agent: false,
      })
      request.on('error', reject)
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = parsed(Buffer.concat(chunks).toString('utf8'))
          resolve({ status: response.statusCode!, headers: response.headers, body })
        })
      })
      request.end(text)
    })
}

function parsed(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
