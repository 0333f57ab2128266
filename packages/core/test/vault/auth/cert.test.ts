import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OptionError } from '../../../src/errors'
import type { CertAuth } from '../../../src/vault/auth/cert'
import { connect } from '../../../src/vault/options'
import { selfSigned } from '../../support/certificates'
import { folder, grant, shown } from '../../support/logins'

const files = folder()
const seen: { path: string; body: string; shownBy: string | undefined }[] = []
let server: Server
let ca: string
let address: string
let app: { cert: string; key: string }
beforeAll(async () => {
  const own = selfSigned(files, 'vault')
  app = selfSigned(files, 'app')
  ca = own.cert
  server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ path: request.url!, body, shownBy: typeof name === 'string' ? name : undefined })
      const isRenewal = request.url!.endsWith('renew-self')
      response.end(JSON.stringify(grant(isRenewal ? { client_token: undefined } : {})))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  files.remove()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const certAuth = (more: object = {}): CertAuth => ({ method: 'cert', ...app, ...more })
const { signal } = new AbortController()
const hostOf = { random: () => 0, report: () => undefined, rotate: () => undefined, abandoned: () => undefined }

it.each<[string, () => CertAuth, string, string]>([
  ['given', () => certAuth(), '/v1/auth/cert/login', '{}'],
  ['in files', () => certAuth({ cert: { file: files.path('app.pem') }, key: { file: files.path('app-key.pem') } }), '/v1/auth/cert/login', '{}'], // prettier-ignore
  ['of a name', () => certAuth({ name: 'web', mount: 'tls' }), '/v1/auth/tls/login', '{"name":"web"}'],
])('shows the certificate %s, at the login and with every request', async (_, auth, path, body) => {
  seen.length = 0
  const { client, session, clock } = connect('options', { address, ca, auth: auth() })
  await session.open({ ...hostOf, clock }, signal)
  await client.renewToken('the-token', 60_000, signal)
  expect(seen).toMatchObject([
    { path, body, shownBy: 'app' },
    { path: '/v1/auth/token/renew-self', shownBy: 'app' },
  ])
})

it.each<[string, () => object, string]>([
  ['no key', () => ({ key: undefined }), 'options.auth.key'],
  ['a certificate that is none', () => ({ cert: 'app.pem' }), 'options.auth.cert'],
  ['a broken certificate', () => ({ cert: '-----BEGIN CERTIFICATE-----\nx' }), 'options.auth.cert'],
  ['the key of another', () => ({ key: { file: files.path('vault-key.pem') } }), 'options.auth.cert'],
  ['a file that is not there', () => ({ cert: { file: files.path('none') } }), 'options.auth.cert.file'],
  ['a mount that is none', () => ({ mount: '..' }), 'options.auth.mount'],
])('refuses %s', (_, more, option) => {
  let error: unknown
  try {
    connect('options', { address, ca, auth: certAuth(more()) })
  } catch (cause) {
    error = cause
  }
  expect(error).toBeInstanceOf(OptionError)
  expect(error).toMatchObject({ option })
  expect(shown(error)).not.toContain('BEGIN')
})

it('refuses an address over which no certificate is shown', () => {
  expect(() => connect('options', { address: 'http://127.0.0.1:8200', auth: certAuth() })).toThrow(/begins with https:/)
})
