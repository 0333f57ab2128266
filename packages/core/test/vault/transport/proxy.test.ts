import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect as dial, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../../src/vault/options'
import { proxyFor } from '../../../src/vault/transport/proxy'
import { selfSigned } from '../../support/certificates'
import { fakeVault, json, type FakeVault } from '../../support/fake-vault'
import { folder } from '../../support/logins'

/** HTTP proxies, chosen as Vault's own command line chooses them. */
const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']
const { signal } = new AbortController()
const auth = { method: 'token', token: 'some-token-text' } as const

interface Proxy {
  readonly address: string
  readonly seen: { readonly method: string; readonly target: string; readonly user: string | undefined }[]
  close(): Promise<void>
}

async function startProxy(): Promise<Proxy> {
  const seen: Proxy['seen'] = []
  const note = ({ method = '', url = '', headers }: IncomingMessage): void =>
    void seen.push({ method, target: url, user: headers['proxy-authorization'] })
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    note(request)
    void fetch(request.url!, {
      method: request.method!,
      headers: { 'X-Vault-Token': String(request.headers['x-vault-token']) },
    }).then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
  })
  server.on('connect', (request: IncomingMessage, near) => {
    note(request)
    const [host, port] = request.url!.split(':')
    const far = dial(Number(port), host, () => near.write('HTTP/1.1 200 OK\r\n\r\n'))
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy()).on('error', () => undefined)
    far.on('close', () => near.destroy()).on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close }
}

beforeEach(() => {
  for (const name of NAMES) for (const one of [name, name.toLowerCase()]) vi.stubEnv(one, undefined)
})
afterEach(() => vi.unstubAllEnvs())

describe('through a proxy', () => {
  let proxy: Proxy
  let vault: FakeVault
  beforeEach(async () => {
    proxy = await startProxy()
    vault = await fakeVault(json(200, { data: { ttl: 60, renewable: true } }))
  })
  afterEach(async () => {
    await proxy.close()
    await vault.close()
  })

  it.each(['VAULT_PROXY_ADDR', 'BAO_HTTP_PROXY'])('%s goes what is sent to Vault, with the user that it names', async (name) => {
    vi.stubEnv(name, `http://me:secret@${proxy.address}`)
    await connect('options', { address: vault.address, auth }).client.lookupToken('some-token-text', signal)
    const user = `Basic ${Buffer.from('me:secret').toString('base64')}`
    expect(proxy.seen).toEqual([{ method: 'GET', target: `${vault.address}/v1/auth/token/lookup-self`, user }])
    expect(vault.seen).toMatchObject([{ token: 'some-token-text' }])
  })

  it('goes TLS, which the proxy does not see into, with certificates that are checked', async () => {
    const files = folder()
    const own = selfSigned(files, 'vault')
    const server = createTlsServer(own, (_, response) => void response.writeHead(204).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    vi.stubEnv('VAULT_HTTP_PROXY', `http://${proxy.address}`)
    await connect('options', { address, auth, ca: own.cert }).client.revokeToken('some-token-text', signal)
    expect(proxy.seen).toMatchObject([{ method: 'CONNECT', target: address.slice('https://'.length) }])
    await expect(connect('options', { address, auth }).client.revokeToken('some-token-text', signal)).rejects.toThrow(
      'self-signed',
    )
    files.remove()
    server.closeAllConnections()
    server.close()
  })

  it('that is away, Vault is away, and no password is shown', async () => {
    await proxy.close()
    vi.stubEnv('VAULT_PROXY_ADDR', `http://me:secret@${proxy.address}`)
    const asked = connect('options', { address: vault.address, auth }).client.lookupToken('some-token-text', signal)
    const error = (await asked.catch((cause: unknown) => cause)) as Error
    expect(error).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE', address: vault.address })
    expect(`${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.cause)}`).not.toContain('secret')
    proxy = await startProxy()
  })
})

describe('the proxy', () => {
  it.each<[string, Record<string, string>, string, string | undefined]>([
    ['none', {}, 'https://vault:8200', undefined],
    ['of the kind', { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:1' }, 'https://vault:8200', 'http://p:1'],
    ['of the other kind', { https_proxy: 'http://p:1', http_proxy: 'http://q:1' }, 'http://vault:8200', 'http://q:1'],
    ['not for whom it is not', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.internal,vault' }, 'https://vault:8200', undefined],
    ['not for this machine', { HTTP_PROXY: 'http://p:1' }, 'http://127.0.0.1:8200', undefined],
    ['not for this machine by name', { HTTP_PROXY: 'http://p:1' }, 'http://localhost:8200', undefined],
    ['of Vault, for everything', { VAULT_HTTP_PROXY: 'http://v:1', NO_PROXY: '*' }, 'https://127.0.0.1:8200', 'http://v:1'],
    [
      'of Vault, the first',
      { VAULT_HTTP_PROXY: 'http://v:1', VAULT_PROXY_ADDR: 'http://w:1' },
      'https://vault:8200',
      'http://w:1',
    ],
  ])('is %s', (_, environment, url, proxy) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    expect(proxyFor(new URL(url))).toBe(proxy)
  })

  it.each([
    ['VAULT_PROXY_ADDR', 'proxy:3128'],
    ['VAULT_HTTP_PROXY', 'socks5://proxy:1080'],
    ['HTTPS_PROXY', 'socks5://proxy:1080'],
  ])('of %s=%s is refused at once', (name, value) => {
    vi.stubEnv(name, value)
    expect(() => connect('options', { address: 'https://vault:8200', auth })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: expect.stringContaining(name) as string }) as Error,
    )
  })
})
