import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VaultAnswerError, VaultError, VaultRefusedError, VaultUnavailableError } from '../../src/errors'
import type { VaultClient } from '../../src/vault/client'
import { tlsSettings } from '../../src/vault/transport/tls'
import { runWith } from '../support/bundle'
import { clientOf, type TestClientOptions } from '../support/client'
import { FakeClock } from '../support/fake-clock'
import { fakeVault, json, text, type Answer, type FakeVault } from '../support/fake-vault'
import { leaseOf } from '../support/leases'

const TOKEN = 'hvs.secret-token-text'
const SECRET_ID = 'secret-id-text-of-approle'
const PASSWORD = 'secret-password-text'
const LEASE_ID = 'database/creds/app/abcdefgh'
const signal = new AbortController().signal
const noAnswer = (): void => undefined

let vault: FakeVault
beforeEach(async () => {
  vault = await fakeVault(json(200, {}))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await vault.close()
})

const clock = new FakeClock(1_000)
const client = (options: Partial<TestClientOptions> = {}): VaultClient => clientOf(vault.address, { clock, ...options })

/** Everything a person may see of an error. */
function shown(error: unknown): string {
  const causes = error instanceof Error && error.cause !== undefined ? JSON.stringify(error.cause) + String(error.cause) : ''
  return [
    inspect(error, { showHidden: true, depth: Infinity }),
    String(error),
    (error as Error).stack,
    JSON.stringify(error),
    causes,
  ].join('\n')
}

/** All kinds of requests, and how each of them failed. */
async function failures(options: Partial<TestClientOptions> = {}): Promise<VaultError[]> {
  const asks = client(options)
  const settledAll = await Promise.allSettled([
    asks.login('auth/approle/login', { role_id: 'role-id', secret_id: SECRET_ID }, signal),
    asks.issue('database/creds/app', TOKEN, signal, noAnswer),
    asks.renewLease(leaseOf({ issuedAtMs: 0, id: LEASE_ID }), TOKEN, signal),
  ])
  return settledAll.map((one) => {
    if (one.status === 'fulfilled') throw new Error('It was accepted')
    expect(one.reason).toBeInstanceOf(VaultError)
    expect(Object.keys(one.reason as object)).not.toContain('headers')
    for (const secret of [TOKEN, SECRET_ID, PASSWORD, LEASE_ID]) expect(shown(one.reason)).not.toContain(secret)
    return one.reason as VaultError
  })
}

/** Repeats everything that was sent, as servers do in error texts. */
const echo =
  (status: number): Answer =>
  (response, seen) =>
    json(status, { errors: [`bad ${seen.token} ${Object.values(seen.body).join(' ')}`], data: { password: PASSWORD } })(
      response,
      seen,
    )

describe('a server that misbehaves', () => {
  it.each<[string, Answer, new (...args: never[]) => VaultError, string, boolean, number | undefined]>([
    ['500', echo(500), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 500],
    ['503 sealed', json(503, { errors: ['Vault is sealed'] }), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 503],
    ['502 HTML', text(502, '<html>Bad gateway</html>'), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 502],
    ['429', echo(429), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 429],
    ['412', echo(412), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 412],
    ['473', echo(473), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, 473],
    ['400', echo(400), VaultRefusedError, 'ERR_VAULT_REFUSED', false, 400],
    ['403', echo(403), VaultRefusedError, 'ERR_VAULT_REFUSED', false, 403],
    ['404 without a reason', json(404, { errors: [] }), VaultRefusedError, 'ERR_VAULT_REFUSED', false, 404],
    ['404 HTML', text(404, `<html>${PASSWORD}</html>`), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 404],
    ['200 HTML', text(200, `<html>${PASSWORD}</html>`), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 200],
    ['200 empty object', json(200, {}), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 200],
    ['200 null', text(200, 'null'), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 200],
    ['200 truncated JSON', text(200, `{"data":{"password":"${PASSWORD}"`), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 200],
    ['204 where an answer is needed', text(204, ''), VaultAnswerError, 'ERR_VAULT_ANSWER', true, 200],
    [
      '2 MB',
      text(200, JSON.stringify({ pad: PASSWORD.padEnd(2e6, 'x') })),
      VaultUnavailableError,
      'ERR_VAULT_UNAVAILABLE',
      true,
      undefined,
    ],
    ['a reset', (response) => response.destroy(), VaultUnavailableError, 'ERR_VAULT_UNAVAILABLE', true, undefined],
    [
      'a reset in the middle',
      (response) => {
        response.writeHead(200, { 'Content-Length': '500' })
        response.write(`{"data":{"password":"${PASSWORD}"`, () => response.destroy())
      },
      VaultUnavailableError,
      'ERR_VAULT_UNAVAILABLE',
      true,
      undefined,
    ],
    [
      'a redirect',
      text(307, '', { Location: 'http://127.0.0.1:1/v1/x' }),
      VaultUnavailableError,
      'ERR_VAULT_UNAVAILABLE',
      true,
      307,
    ],
  ])('%s', async (_, answer, type, code, retryable, status) => {
    vault.answer = answer
    for (const error of await failures()) {
      expect(error).toBeInstanceOf(type)
      expect([error.code, error.retryable, error.status, error.address]).toEqual([code, retryable, status, vault.address])
      expect(error.message).toContain(`${error.method} ${error.path} at ${vault.address}: `)
    }
  })

  it('that does not answer fails at the time limit', async () => {
    vault.answer = () => undefined
    for (const error of await failures({ requestTimeoutMs: 50 })) expect(error.message).toContain('no answer within 50 ms')
  })

  it('that stops in the middle of an answer fails at the time limit', async () => {
    vault.answer = (response) => void response.write('{')
    for (const error of await failures({ requestTimeoutMs: 50 })) expect(error).toBeInstanceOf(VaultUnavailableError)
  })

  it('that does not listen is unavailable', async () => {
    await vault.close()
    for (const error of await failures())
      expect([error.code, error.message.includes('ECONNREFUSED')]).toEqual(['ERR_VAULT_UNAVAILABLE', true])
    vault = await fakeVault(json(200, {}))
  })

  it('that answers something that is not HTTP shows none of it', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz${PASSWORD}\r\n`))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const bytes = JSON.stringify([...Buffer.from(PASSWORD)]).slice(1, -1)
    for (const error of await failures({ addresses: [address] })) {
      expect(error).toBeInstanceOf(VaultUnavailableError)
      expect(shown(error)).not.toContain(bytes)
    }
    server.close()
  })

  it('ends soon after its signal aborts', async () => {
    vault.answer = () => undefined
    const controller = new AbortController()
    const asked = client().lookupToken(TOKEN, controller.signal)
    controller.abort(new Error('not needed any more'))
    await expect(asked).rejects.toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
  })
})

describe('requests', () => {
  it('send no token with a login, whatever the environment says', async () => {
    vi.stubEnv('VAULT_TOKEN', 'token-of-somebody')
    vault.answer = json(200, { auth: { client_token: TOKEN, lease_duration: 60, renewable: true } })
    const grant = await client().login('auth/approle/login', { role_id: 'r' }, signal)
    expect(grant).toEqual({ token: TOKEN, ttlMs: 60_000, renewable: true, truncated: false })
    expect(vault.seen[0]).toMatchObject({ method: 'POST', path: 'auth/approle/login', token: undefined, body: { role_id: 'r' } })
    expect(vault.seen[0]!.headers['x-vault-request']).toBe('true')
  })

  it('go to the namespace', async () => {
    vault.answer = json(403, { errors: [] })
    await client({ namespace: 'team-a' })
      .issue('database/creds/app', TOKEN, signal, noAnswer)
      .catch(() => undefined)
    expect(vault.seen[0]!.headers['x-vault-namespace']).toBe('team-a')
  })

  it('go to the right path when the address ends in a slash', async () => {
    vault.answer = json(403, { errors: [] })
    await client({ addresses: [`${vault.address}/`] })
      .issue('database/creds/app', TOKEN, signal, noAnswer)
      .catch(() => undefined)
    expect(vault.seen[0]!.path).toBe('database/creds/app')
  })

  it('are not moved by VAULT_PREFIX, which is node-vault’s own', async () => {
    vi.stubEnv('VAULT_PREFIX', '/elsewhere')
    vault.answer = json(403, { errors: [] })
    await client()
      .issue('database/creds/app', TOKEN, signal, noAnswer)
      .catch(() => undefined)
    expect(vault.seen[0]!.path).toBe('database/creds/app')
  })

  it('turn an issued credential into a lease that counts from the question', async () => {
    vault.answer = json(200, {
      lease_id: LEASE_ID,
      lease_duration: 60,
      renewable: true,
      data: { username: 'u', password: PASSWORD },
    })
    expect(await client().issue('database/creds/app', TOKEN, signal, noAnswer)).toEqual({
      username: 'u',
      password: PASSWORD,
      lease: {
        id: LEASE_ID,
        ttlMs: 60_000,
        renewable: true,
        truncated: false,
        issuedAtMs: 1_000,
        renewedAtMs: 1_000,
        endsAtMs: 61_000,
      },
    })
    expect(vault.seen[0]).toMatchObject({ method: 'GET', token: TOKEN })
  })

  it.each([
    ['no lease_id', { lease_duration: 60, data: { username: 'u', password: 'p' } }],
    ['no username', { lease_id: 'l', lease_duration: 60, data: { password: 'p' } }],
    ['no password', { lease_id: 'l', lease_duration: 60, data: { username: 'u', password: '' } }],
    ['a negative ttl', { lease_id: 'l', lease_duration: -1, data: { username: 'u', password: 'p' } }],
    ['a ttl of 0', { lease_id: 'l', lease_duration: 0, data: { username: 'u', password: 'p' } }],
    ['a ttl that is a text', { lease_id: 'l', lease_duration: '60', data: { username: 'u', password: 'p' } }],
  ])('refuse an issued credential with %s', async (_, body) => {
    vault.answer = json(200, body)
    await expect(client().issue('database/creds/app', TOKEN, signal, noAnswer)).rejects.toBeInstanceOf(VaultAnswerError)
  })

  it.each([
    ['all', 3600, undefined, false],
    ['less', 3599, undefined, true],
    [
      'all, with the warning',
      3600,
      ['TTL of "1h" exceeded the effective max_ttl of "59m"; TTL value is capped accordingly'],
      true,
    ],
    ['all, with another warning', 3600, ['something else'], false],
  ])('know a renewal that gave %s', async (_, lease_duration, warnings, truncated) => {
    vault.answer = json(200, { lease_id: LEASE_ID, lease_duration, renewable: true, data: null, warnings })
    const lease = await client().renewLease(leaseOf({ issuedAtMs: 0, id: LEASE_ID }), TOKEN, signal)
    expect(lease).toMatchObject({
      truncated,
      issuedAtMs: 0,
      renewedAtMs: 1_000,
      endsAtMs: 1_000 + lease_duration * 1_000,
      ttlMs: 3_600_000,
    })
    expect(vault.seen[0]!.body).toEqual({ lease_id: LEASE_ID, increment: 3600 })
  })

  it.each([204, 202])('take %d for success of a revocation', async (status) => {
    vault.answer = text(status, '')
    await expect(client().revokeLease(LEASE_ID, TOKEN, signal)).resolves.toBeUndefined()
    expect(vault.seen[0]!.body).toEqual({ lease_id: LEASE_ID, sync: true })
  })

  it('take a token without an end for one', async () => {
    vault.answer = json(200, { data: { ttl: 0, expire_time: null, renewable: false } })
    expect(await client().lookupToken(TOKEN, signal)).toEqual({
      token: TOKEN,
      ttlMs: undefined,
      renewable: false,
      truncated: false,
    })
  })

  it("tell a token's explicit_max_ttl by Vault's own clock", async () => {
    const expire_time = '2026-11-25T03:00:00.5Z'
    const creation_time = Date.parse('2026-11-25T02:00:00Z') / 1000
    const data = { ttl: 1_800, expire_time, creation_time, explicit_max_ttl: 7_200, renewable: true }
    vault.answer = json(200, { data })
    // Vault's time is half past two: explicit_max_ttl ends at four.
    expect((await client().lookupToken(TOKEN, signal)).hardEndInMs).toBe(5_399_500)
  })

  it('take a renewal of a token that renewed nothing for a refusal', async () => {
    vault.answer = text(204, '')
    await expect(client().renewToken(TOKEN, 60_000, signal)).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 204 })
  })
})

it('prints nothing, even with DEBUG=node-vault', async () => {
  vault.answer = json(200, { lease_id: LEASE_ID, lease_duration: 60, data: { username: 'u', password: PASSWORD } })
  const script = `
    const vault = leasepool.connect('x', { address: ${JSON.stringify(vault.address)}, auth: { method: 'token', token: 'some-token' } }).client
    const { signal } = new AbortController()
    vault.login('auth/approle/login', { secret_id: '${SECRET_ID}' }, signal).catch(() => vault.issue('database/creds/app', '${TOKEN}', signal, () => undefined))
      .then(() => process.exit(0))
  `
  expect(await runWith('vault/options.ts', script, { DEBUG: '*', DEBUG_COLORS: '0' })).toBe('')
  expect(vault.seen).toHaveLength(2)
})

describe('TLS', () => {
  it.each([
    [undefined, undefined, false],
    ['false', undefined, false],
    ['0', undefined, false],
    ['true', undefined, true],
    [undefined, 'ca', true],
  ])('VAULT_SKIP_VERIFY=%s, ca %s: a self-signed server is accepted: %s', async (skip, ca, accepted) => {
    const folder = mkdtempSync(join(tmpdir(), 'leasepool-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    execFileSync('openssl', ['req', '-x509', ...elliptic, '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    })
    const pem = readFileSync(cert, 'utf8')
    const server = createServer({ key: readFileSync(key), cert: pem }, (_, response) => void response.writeHead(204).end())
    rmSync(folder, { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    vi.stubEnv('VAULT_SKIP_VERIFY', skip)
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const asked = client({ addresses: [address], ...(ca && { tls: tlsSettings('test', { ca: pem }) }) }).revokeToken(
      TOKEN,
      signal,
    )
    if (accepted) await expect(asked).resolves.toBeUndefined()
    else
      await expect(asked).rejects.toMatchObject({
        code: 'ERR_VAULT_UNAVAILABLE',
        message: expect.stringContaining('self-signed') as unknown,
      })
    server.closeAllConnections()
    server.close()
  })

  it('names VAULT_CACERT when its file cannot be read', () => {
    vi.stubEnv('VAULT_CACERT', '/nowhere/ca.pem')
    expect(() => client()).toThrow('Option "VAULT_CACERT"')
  })
})
