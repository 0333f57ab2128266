import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Passes requests on to Vault and remembers them, and every secret in the answers: tokens, passwords, lease ids. */
export interface RecordingProxy {
  readonly address: string
  readonly requests: readonly RecordedRequest[]
  readonly secrets: ReadonlySet<string>
  close(): Promise<void>
}

export interface RecordedRequest {
  readonly method: string
  /** Without `/v1/`. */
  readonly path: string
  readonly hasToken: boolean
  readonly status: number
}

const SECRET = /"(?:client_token|password|secret_id|lease_id|id)":"([^"]{8,})"/g

export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const secrets = new Set<string>()
  const requests: RecordedRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming
    const passed = send(new URL(url ?? '/', target), { method, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const body = Buffer.concat(chunks)
        const path = (url ?? '/').replace(/^\/v1\//, '')
        requests.push({ method: method!, path, hasToken: 'x-vault-token' in headers, status: answer.statusCode ?? 0 })
        for (const [, secret] of body.toString().matchAll(SECRET)) secrets.add(secret!)
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body)
      })
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(20_000 + Math.floor(Math.random() * 12_000), '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}`,
    secrets,
    requests,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  }
}
