import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { OptionError } from '../../../src/errors'
import { vaultClient } from '../../../src/vault-client'
import { connect, type VaultConnectionOptions } from '../../../src/vault/options'
import { selfSigned } from '../../support/certificates'
import { folder } from '../../support/logins'

/** Certificates from options and from Vault's environment variables, with Vault's own meaning. */
const files = folder()
const { signal } = new AbortController()
const auth = { method: 'token', token: 'some-token-text' } as const
let server: Server
let address: string
let own: { cert: string; key: string }
let app: { cert: string; key: string }
let seen: { shown: string | undefined; asked: string | false | undefined }[]
beforeAll(async () => {
  own = selfSigned(files, 'vault')
  app = selfSigned(files, 'app')
  mkdirSync(files.path('folder'))
  mkdirSync(files.path('empty'))
  selfSigned({ path: (name) => files.path(`folder/${name}`) }, 'other')
  files.write('folder/vault.pem', own.cert)
  server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string | false }
    const { CN: shown } = socket.getPeerCertificate().subject ?? {}
    seen.push({ shown: typeof shown === 'string' ? shown : undefined, asked: socket.servername })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  files.remove()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
afterEach(() => vi.unstubAllEnvs())

async function ask(options: VaultConnectionOptions = {}): Promise<(typeof seen)[number]> {
  seen = []
  await connect('options', { address, auth, ...options }).client.revokeToken('some-token-text', signal)
  return seen[0]!
}

describe('an authority', () => {
  it.each<[string, () => VaultConnectionOptions['ca']]>([
    ['in PEM', () => own.cert],
    ['in a file', () => ({ file: files.path('vault.pem') })],
    ['in a folder with others', () => ({ folder: files.path('folder') })],
  ])('%s is trusted', async (_, ca) => {
    await expect(ask({ ca: ca()! })).resolves.toBeDefined()
  })

  it.each<[string, () => string]>([
    ['CACERT_BYTES', () => own.cert],
    ['CACERT', () => files.path('vault.pem')],
    ['CAPATH', () => files.path('folder')],
  ])('in VAULT_%s or BAO_%s is trusted', async (name, value) => {
    await expect(ask()).rejects.toThrow('self-signed')
    vi.stubEnv(`BAO_${name}`, value())
    await expect(ask()).resolves.toBeDefined()
    vi.stubEnv(`BAO_${name}`, '')
    vi.stubEnv(`VAULT_${name}`, value())
    await expect(ask()).resolves.toBeDefined()
  })

  it('in an option comes before the environment; there, bytes before a file before a folder', async () => {
    vi.stubEnv('VAULT_CAPATH', files.path('empty'))
    vi.stubEnv('VAULT_CACERT', files.path('vault.pem'))
    await ask()
    vi.stubEnv('VAULT_CACERT_BYTES', app.cert)
    await expect(ask()).rejects.toThrow('self-signed')
    await ask({ ca: own.cert })
  })
})

describe('a client certificate', () => {
  it.each<[string, () => VaultConnectionOptions]>([
    ['in PEM', () => ({ clientCertificate: app })],
    [
      'in files',
      () => ({ clientCertificate: { cert: { file: files.path('app.pem') }, key: { file: files.path('app-key.pem') } } }),
    ],
  ])('%s is shown', async (_, options) => {
    expect(await ask({ ca: own.cert, ...options() })).toMatchObject({ shown: 'app' })
  })

  it('of the environment is shown, unless an option names another', async () => {
    vi.stubEnv('VAULT_CLIENT_CERT', files.path('app.pem'))
    vi.stubEnv('VAULT_CLIENT_KEY', files.path('app-key.pem'))
    expect(await ask({ ca: own.cert })).toMatchObject({ shown: 'app' })
    expect(await ask({ ca: own.cert, clientCertificate: own })).toMatchObject({ shown: 'vault' })
  })

  it('serves a login by certificate that names none', async () => {
    seen = []
    const { client } = connect('options', { address, ca: own.cert, clientCertificate: app, auth: { method: 'cert' } })
    await client.revokeToken('some-token-text', signal)
    expect(seen).toMatchObject([{ shown: 'app' }])
  })
})

it.each([
  ['serverName', undefined],
  [undefined, 'VAULT_TLS_SERVER_NAME'],
])('the name %s%s must be in the certificate', async (option, variable) => {
  const named = (name: string): VaultConnectionOptions => {
    if (variable !== undefined) vi.stubEnv(variable, name)
    return { ca: own.cert, ...(option && { serverName: name }) }
  }
  expect(await ask(named('vault'))).toMatchObject({ asked: 'vault' })
  await expect(ask(named('elsewhere'))).rejects.toThrow('does not match certificate')
})

it.each<[string, () => object, Record<string, string>, string, string]>([
  ['a text that is no PEM', () => ({ ca: '/etc/ca.pem' }), {}, 'vaultClient.ca', 'PEM, { file: path } or { folder: path }'],
  ['a broken PEM', () => ({ ca: '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----' }), {}, 'vaultClient.ca', 'certificates in PEM'],
  ['no such file', () => ({ ca: { file: '/nowhere/ca.pem' } }), {}, 'vaultClient.ca.file', 'the path of a readable PEM file'],
  ['no such folder', () => ({ ca: { folder: '/nowhere' } }), {}, 'vaultClient.ca.folder', 'the path of a folder'],
  ['an empty folder', () => ({ ca: { folder: files.path('empty') } }), {}, 'vaultClient.ca', 'at least one certificate'],
  ['no key', () => ({ clientCertificate: { cert: app.cert } }), {}, 'vaultClient.clientCertificate.key', 'PEM, or { file: path }'],
  ['the key of another', () => ({ clientCertificate: { cert: app.cert, key: own.key } }), {}, 'vaultClient.clientCertificate.cert', 'with its own key'],
  ['a word', () => ({ clientCertificate: 'app.pem' }), {}, 'vaultClient.clientCertificate', 'an object of cert and key'],
  ['two certificates', () => ({ clientCertificate: own, auth: { method: 'cert', ...app } }), {}, 'vaultClient.clientCertificate', 'either here or in auth'],
  ['no certificate for the login', () => ({ auth: { method: 'cert' } }), {}, 'vaultClient.auth.cert', 'VAULT_CLIENT_CERT'],
  ['a certificate without its key', () => ({}), { VAULT_CLIENT_CERT: '/x' }, 'VAULT_CLIENT_KEY', 'both VAULT_CLIENT_CERT and VAULT_CLIENT_KEY'],
  ['a key without its certificate', () => ({}), { VAULT_CLIENT_KEY: '/x' }, 'VAULT_CLIENT_CERT', 'both'],
  ['no such authority', () => ({}), { VAULT_CACERT: '/nowhere/ca.pem' }, 'VAULT_CACERT', 'readable PEM file'],
  ['bytes that are none', () => ({}), { VAULT_CACERT_BYTES: 'hello' }, 'VAULT_CACERT_BYTES', 'at least one certificate'],
])('%s is said at once', (_, options, environment, option, expected) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const problem = (): unknown => {
    try {
      return vaultClient({ address, auth, ...options() })
    } catch (cause) {
      return cause
    }
  }
  expect(problem()).toBeInstanceOf(OptionError)
  expect(problem()).toMatchObject({ option, message: expect.stringContaining(expected) as string })
}) // prettier-ignore
