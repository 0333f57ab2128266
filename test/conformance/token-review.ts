import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * As much of a Kubernetes API as Vault asks at a login: a review that takes every token for what its claims say. dev-vault, which has no
 * cluster, never asks it.
 */
export async function startTokenReview(): Promise<{ host: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(reviewed(text)))
    })
  })
  const port = await listen(server)
  return { host: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => server.close(() => resolve())) }
}

function reviewed(text: string): object {
  const { spec } = JSON.parse(text) as { spec: { token: string; audiences?: string[] } }
  const claims = JSON.parse(Buffer.from(spec.token.split('.')[1]!, 'base64url').toString()) as {
    sub: string
    'kubernetes.io': { serviceaccount: { uid: string } }
  }
  const user = { username: claims.sub, uid: claims['kubernetes.io'].serviceaccount.uid }
  return {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    status: { authenticated: true, audiences: spec.audiences, user },
  }
}

/** Below 32768: higher ports may be taken by somebody's outgoing connection at any moment. */
async function listen(server: Server): Promise<number> {
  for (;;) {
    const wanted = 20_000 + Math.floor(Math.random() * 12_000)
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(wanted, '127.0.0.1', () => resolve(true))
    })
    if (isFree) return (server.address() as AddressInfo).port
  }
}
