import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}
export type Answer = (response: ServerResponse, seen: Seen) => void

/** A server on this machine that answers as a test says, right or wrong; `seen` holds what it was asked. */
export interface FakeVault {
  readonly address: string
  readonly seen: Seen[]
  answer: Answer
  close(): Promise<void>
}

export async function fakeVault(answer: Answer): Promise<FakeVault> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const token = request.headers['x-vault-token'] as string | undefined
      const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
      const one: Seen = { method: request.method!, path: request.url!.replace('/v1/', ''), token, headers: request.headers, body }
      seen.push(one)
      vault.answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const vault: FakeVault = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return vault
}

export const json =
  (status: number, body: unknown): Answer =>
  (response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))

export const text =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body)

export const POLICY = '1 error occurred:\n\t* permission denied\n\n'

/** Vault with AppRole, one dynamic role, and tokens and leases that end only when they are given back. */
export function goodVault(facts: { tokenTtl?: number; leaseTtl?: number } = {}) {
  const live = new Set<string>()
  const state = {
    live,
    mayRevoke: true,
    mayReadRole: false,
    tokenTtl: facts.tokenTtl ?? 3600,
    renewedTtl: facts.tokenTtl ?? 3600,
    leaseTtl: facts.leaseTtl ?? 3600,
  }
  let tokens = 0
  let leases = 0
  let requests = 0
  const answer: Answer = (response, { path, token, body }) => {
    if (path === 'auth/approle/login') {
      if (body['secret_id'] !== 'the-secret-id')
        return json(400, { errors: ['invalid role or secret ID'] })(response, undefined as never)
      const client_token = `token-number-${(tokens += 1)}`
      live.add(client_token)
      return send(200, { auth: { client_token, lease_duration: state.tokenTtl, renewable: true } })
    }
    if (token === undefined || !live.has(token)) return send(403, { errors: ['permission denied'] })
    switch (path) {
      case 'auth/token/lookup-self':
        return send(200, { data: { ttl: state.tokenTtl, expire_time: 'later', renewable: true } })
      case 'auth/token/renew-self':
        return send(200, { auth: { client_token: token, lease_duration: state.renewedTtl, renewable: true } })
      case 'auth/token/revoke-self':
        live.delete(token)
        return send(204, '')
      case 'database/creds/app': {
        const n = (leases += 1)
        const lease = { lease_id: `database/creds/app/lease${n}`, lease_duration: state.leaseTtl, renewable: true }
        return send(200, { ...lease, data: { username: `v-app-${n}`, password: `password-number-${n}` } })
      }
      case 'sys/capabilities-self': {
        const granted = state.mayReadRole ? ['read'] : ['deny']
        return send(200, { data: Object.fromEntries((body['paths'] as string[]).map((one) => [one, granted])) })
      }
      case 'database/roles/app':
        return state.mayReadRole ? send(200, { data: { max_ttl: 7200 } }) : send(403, { errors: [POLICY] })
      case 'sys/leases/renew':
        return send(200, { lease_id: body['lease_id'], lease_duration: state.leaseTtl, renewable: true, data: null })
      case 'sys/leases/revoke':
        return state.mayRevoke ? send(204, '') : send(403, { errors: [POLICY] })
      default:
        return path.startsWith('database/creds/')
          ? send(400, { errors: ['unknown role: other'] })
          : send(403, { errors: [POLICY] })
    }
    function send(status: number, content: unknown): void {
      if (content === '') response.writeHead(status).end()
      else json(status, { request_id: `request-${(requests += 1)}`, ...(content as object) })(response, undefined as never)
    }
  }
  return { state, answer }
}
