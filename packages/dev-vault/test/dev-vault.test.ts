import fc from 'fast-check'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type DevVault, type DevVaultOptions, type EmbeddedPostgres, startDevVault, startEmbeddedPostgres } from '../src/index'
import { type Call, caller, eventually, Inspector, TestClock } from './support'

const CREATE = [
  `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON t TO "{{name}}"`,
]

let postgres: EmbeddedPostgres
let database: Inspector
let options: DevVaultOptions
let vault: DevVault
let root: Call

beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  const url = await postgres.createDatabase('app')
  database = new Inspector(url)
  await database.pool.query('CREATE TABLE t (a int)')
  const ro = { database: 'pg', creationStatements: CREATE, defaultTtlSeconds: 60 }
  options = {
    databases: { pg: { url } },
    // dividing by the number of rows in t: revocation fails until a test adds one
    roles: {
      ro,
      stuck: {
        ...ro,
        revocationStatements: ['SELECT 1 / (SELECT count(*) FROM t)', 'DROP OWNED BY "{{name}}"; DROP ROLE "{{name}}"'],
      },
    },
    appRoles: { app: { policies: ['app'], tokenTtlSeconds: 60 } },
    policies: { app: { 'database/creds/+': ['read'] } },
  }
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await vault?.close()
  expect(await database.dynamicUsers()).toEqual([])
})

afterAll(async () => {
  await database.pool.end()
  await postgres.stop()
})

async function start(more: Partial<DevVaultOptions> = {}): Promise<void> {
  vault = await startDevVault({ ...options, ...more })
  root = caller(vault.address, vault.rootToken)
}

async function creds(role = 'ro', token?: string): Promise<{ id: string; username: string }> {
  const { status, body } = await root('GET', `database/creds/${role}`, undefined, token)
  expect(status).toBe(200)
  return { id: body.lease_id, username: body.data.username }
}

describe('starting', () => {
  it('refuses production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    await expect(startDevVault(options)).rejects.toMatchObject({ name: 'DevVaultError', code: 'ERR_DEV_VAULT_PRODUCTION' })
  })

  it.each([
    [{ databases: { pg: { url: 'http://secret@x' } } }, 'startDevVault.databases.pg.url'],
    [{ databases: { pg: { uri: 'x' } } }, 'startDevVault.databases.pg.uri'],
    [{ roles: { ro: { database: 'pg', creationStatements: 'x' } } }, 'startDevVault.roles.ro.creationStatements'],
    [{ roles: { ro: { database: 'none', creationStatements: [] } } }, 'startDevVault.roles.ro.database'],
    [{ roles: { 'a"b': { database: 'pg', creationStatements: [] } } }, 'startDevVault.roles'],
    [{ appRoles: { app: { tokenTtlSeconds: -1 } } }, 'startDevVault.appRoles.app.tokenTtlSeconds'],
    [{ policies: { app: { x: ['fly'] } } }, 'startDevVault.policies.app'],
    [{ mount: '../x' }, 'startDevVault.mount'],
    [{ port: 70_000 }, 'startDevVault.port'],
    [{ clock: {} }, 'startDevVault.clock'],
    [{ rootTokn: 'x' }, 'startDevVault.rootTokn'],
  ])('refuses %j, naming %s', async (wrong, option) => {
    const error: unknown = await startDevVault({ ...options, ...wrong } as DevVaultOptions).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_OPTION', option })
    expect(String(error)).not.toContain('secret')
  })

  it('says which database does not answer, without its password', async () => {
    const url = 'postgres://admin:geheim@127.0.0.1:1/app'
    const error: unknown = await startDevVault({ ...options, databases: { pg: { url } } }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_DEV_VAULT_DATABASE',
      message: expect.stringContaining('Database "pg": ') as unknown,
    })
    expect(JSON.stringify(error) + String(error)).not.toContain('geheim')
  })

  it('uses the given port, mount and root token, and says when the port is taken', async () => {
    await start({ mount: 'team/db', rootToken: 'mine' })
    const port = Number(new URL(vault.address).port)
    expect(port).toBeLessThan(32_768)
    expect((await caller(vault.address, 'mine')('GET', 'team/db/creds/ro')).status).toBe(200)
    await expect(startDevVault({ ...options, port })).rejects.toMatchObject({ code: 'ERR_DEV_VAULT_PORT' })
  })
})

describe('switches', () => {
  it('cuts connections during an outage', async () => {
    await start()
    vault.outage(true)
    await expect(root('GET', 'sys/health')).rejects.toThrow(/socket hang up|ECONNRESET/)
    vault.outage(false)
    expect((await root('GET', 'sys/health')).status).toBe(200)
  })

  it('answers 503 while sealed and ends afterwards what fell due meanwhile', async () => {
    const clock = new TestClock()
    await start({ clock })
    const { username } = await creds()
    vault.seal(true)
    expect(await root('GET', 'database/creds/ro')).toEqual({ status: 503, body: { errors: ['Vault is sealed'] } })
    expect((await root('GET', 'sys/health')).status).toBe(503)
    expect((await root('GET', 'sys/health?sealedcode=200')).body.sealed).toBe(true)
    expect((await root('GET', 'sys/leader')).status).toBe(200)
    await clock.advance(61_000)
    expect(await database.hasUser(username)).toBe(true)
    vault.seal(false)
    await eventually(async () => !(await database.hasUser(username)))
  })

  it('leaves AppRole to be enabled where the options name none', async () => {
    vault = await startDevVault({ databases: {}, roles: {} })
    root = caller(vault.address, vault.rootToken)
    expect((await root('GET', 'auth/approle/role/app')).status).toBe(404)
    expect(() => vault.appRole('app')).toThrow('No AppRole "app"; there are: none')
    expect((await root('POST', 'sys/auth/approle', { type: 'approle' })).status).toBe(204)
    expect((await root('POST', 'auth/approle/role/app', { token_policies: 'app' })).status).toBe(204)
    await vault.close()
    vault = await startDevVault({ databases: {}, roles: {}, appRoles: {} })
    const again = await caller(vault.address, vault.rootToken)('POST', 'sys/auth/approle', { type: 'approle' })
    expect(again).toMatchObject({ status: 400, body: { errors: ['path is already in use at approle/'] } })
  })

  it('shows leases and requests without secrets, and keeps 1000 requests', async () => {
    await start()
    const { roleId, secretId } = vault.appRole('app')
    const login = await caller(vault.address)('POST', 'auth/approle/login', { role_id: roleId, secret_id: secretId })
    const token: string = login.body.auth.client_token
    const { id, username } = await creds('ro', token)
    expect(vault.leases()).toEqual([{ id, role: 'ro', username, ttlSeconds: expect.any(Number) as unknown }])
    await root('GET', `auth/token/lookup/${token}?x=${token}`)
    expect(vault.requests[0]).toMatchObject({ method: 'POST', path: '/v1/auth/approle/login', status: 200 })
    for (const secret of [token, secretId, vault.rootToken]) expect(JSON.stringify(vault.requests)).not.toContain(secret)
    for (let count = 0; count < 1005; count++) await root('GET', 'sys/health')
    expect(vault.requests.length).toBe(1000)
    expect(() => vault.appRole('nope')).toThrow('No AppRole "nope"; there are: app')
    await vault.revokeAll()
    expect(vault.leases()).toEqual([])
  })
})

describe('lifetimes', () => {
  it('drops users when their lease ends, and not before', async () => {
    const clock = new TestClock()
    await start({ clock })
    const { username } = await creds()
    await clock.advance(59_999)
    expect(vault.leases().length).toBe(1)
    await clock.advance(1)
    await eventually(async () => !(await database.hasUser(username)))
    expect(vault.leases()).toEqual([])
  })

  it('tries six times with growing pauses while the database refuses, then once a day', async () => {
    const clock = new TestClock()
    await start({ clock })
    const { id, username } = await creds('stuck')
    await clock.advance(60_000)
    for (let failure = 1; failure <= 6; failure++) {
      const [least, most] = failure === 6 ? [86_400_000, 86_400_000] : [5_000 * 2 ** failure, 15_000 * 2 ** failure]
      await eventually(() => (clock.nextMs() ?? 0) >= least!)
      expect(clock.nextMs()).toBeLessThanOrEqual(most!)
      const { errors } = (await root('POST', 'sys/leases/renew', { lease_id: id })).body
      expect(errors).toEqual([failure === 6 ? 'lease is expired and has failed previous revocation attempts' : 'lease expired'])
      if (failure < 6) await clock.advance(clock.nextMs()!)
    }
    expect((await root('POST', 'sys/leases/lookup', { lease_id: id })).body.data.ttl).toBeLessThan(0)
    await database.pool.query('INSERT INTO t VALUES (1)') // the statements work from now on
    await clock.advance(86_400_000)
    await eventually(async () => !(await database.hasUser(username)))
    await database.pool.query('DELETE FROM t')
  })

  it('drops at close also the users whose own statements fail, and reports that revokeAll could not', async () => {
    await start()
    await creds('stuck')
    await expect(vault.revokeAll()).rejects.toMatchObject({ code: 'ERR_DEV_VAULT_REVOKE' })
    expect(vault.leases().length).toBe(1)
  })
})

describe('many at once', () => {
  it('makes 50 users at the same time, all different, and drops them at close', async () => {
    await start()
    const all = await Promise.all(Array.from({ length: 50 }, () => creds()))
    expect(new Set(all.map((one) => one.username)).size).toBe(50)
    expect((await database.dynamicUsers()).length).toBe(50)
    await vault.close()
    expect(await database.dynamicUsers()).toEqual([])
  })

  it('leaves no user when it closes while credentials are being made', async () => {
    await start()
    const all = Array.from({ length: 20 }, () => root('GET', 'database/creds/ro').catch(() => undefined))
    await eventually(() => vault.leases().length > 0)
    await vault.close()
    await Promise.all(all)
    expect(await database.dynamicUsers()).toEqual([])
  })

  it('renews and revokes one lease at the same time without leaving anything', async () => {
    await start()
    const { id, username } = await creds()
    const calls = Array.from({ length: 20 }, (_, index) =>
      root('POST', `sys/leases/${index === 10 ? 'revoke' : 'renew'}`, { lease_id: id }),
    )
    for (const { status } of await Promise.all(calls)) expect([200, 204, 400]).toContain(status)
    expect(await database.hasUser(username)).toBe(false)
  })
})

describe('hostile input', () => {
  it('never crashes and never makes users for odd paths and bodies', async () => {
    await start()
    const paths = [
      'database/creds/ro%22',
      "database/creds/ro';DROP",
      'database/creds/..%2Fro',
      'database/creds/%2e%2e/config',
      'database/creds/ro%2Fx',
      'database/creds/rö',
      'database/creds/%E0%A4%A',
      'database/creds/',
      'database/creds/__proto__',
      'sys/../database/creds/ro',
      '%00',
      '//',
    ]
    for (const path of paths) {
      const status = await rawStatus(`GET /v1/${path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${vault.rootToken}\r\n\r\n`)
      expect([path, status >= 300 && status < 500]).toEqual([path, true])
    }
    for (const body of [
      '[]',
      '"x"',
      'null',
      '{"lease_id":{}}',
      '{"__proto__":{"lease_id":"x"}}',
      '{"lease_id":"\\u0000\'\\""}',
    ]) {
      expect([body, (await root('POST', 'sys/leases/renew', body)).status]).toEqual([body, 400])
    }
    expect(vault.leases()).toEqual([])
  })

  it('survives garbage and connections that hang up', async () => {
    await start()
    for (const text of [
      '\r\n\r\n',
      'LIST',
      'LIST /v1/x HTTP/1.1\r\nHost',
      'FLY /v1/x HTTP/1.1\r\n\r\n',
      'POST /v1/x HTTP/1.1\r\nContent-Length: 9\r\n\r\n{',
    ]) {
      const socket = connect(Number(new URL(vault.address).port), '127.0.0.1')
      socket.on('error', () => undefined)
      await new Promise<void>((resolve) => socket.write(text, () => resolve()))
      socket.destroy()
    }
    expect(await rawStatus('FLY /v1/sys/leases/lookup HTTP/1.1\r\nHost: x\r\n\r\n')).toBe(400)
    expect((await root('GET', 'sys/health')).status).toBe(200)
  })

  it('answers every path and body with some status', async () => {
    await start()
    const anyPath = fc.array(
      fc.oneof(fc.constantFrom('sys', 'leases', 'renew', 'database', 'roles', 'auth', 'token', 'create'), fc.string()),
    )
    const method = fc.constantFrom('GET', 'POST', 'LIST', 'DELETE')
    await fc.assert(
      fc.asyncProperty(method, anyPath, fc.jsonValue(), async (verb, segments, body) => {
        const path = segments.map((segment) => encodeURIComponent(segment)).join('/')
        const { status } = await root(verb, path, verb === 'POST' ? JSON.stringify(body) : undefined)
        expect(status).toBeLessThan(500)
      }),
      { numRuns: 200 },
    )
  })

  async function rawStatus(request: string): Promise<number> {
    const socket = connect(Number(new URL(vault.address).port), '127.0.0.1')
    const text = await new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk) => resolve(chunk.toString()))
      socket.once('error', reject)
      socket.write(request)
    })
    socket.destroy()
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  }
})
