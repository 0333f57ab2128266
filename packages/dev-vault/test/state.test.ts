import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type DevVault, type EmbeddedPostgres, startDevVault, startEmbeddedPostgres } from '../src/index'
import { type Call, caller, Inspector, TestClock } from './support'

const CREATE = [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`]

let postgres: EmbeddedPostgres
let database: Inspector
let vault: DevVault
let root: Call

beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  database = new Inspector(postgres.url)
})

afterAll(async () => {
  await database.pool.end()
  await postgres.stop()
})

afterEach(() => vault.close())

async function start(): Promise<void> {
  vault = await startDevVault({
    databases: { pg: { url: postgres.url } },
    roles: { app: { database: 'pg', creationStatements: CREATE, defaultTtlSeconds: 60, maxTtlSeconds: 600 } },
    policies: { app: { 'database/creds/app': ['read'] } },
    clock: new TestClock(),
  })
  root = caller(vault.address, vault.rootToken)
}

async function issue(): Promise<{ id: string; username: string; token: string; accessor: string; password: string }> {
  const created = await root('POST', 'auth/token/create', { policies: ['app'], ttl: 100, display_name: 'me' })
  const { client_token: token, accessor } = created.body.auth
  const { body } = await root('GET', 'database/creds/app', undefined, token)
  return { id: body.lease_id, username: body.data.username, password: body.data.password, token, accessor }
}

it('shows what there is as plain data, without secrets', async () => {
  await start()
  const { id, username, token, accessor, password } = await issue()
  await vault.clock.advance(10_000)
  await root('POST', 'sys/leases/renew', { lease_id: id })
  const state = vault.state()
  const [rootAccessor] = state.tokens.map((entry) => entry.accessor)
  const nowMs = vault.clock.nowMs()
  expect(state).toMatchObject({
    sealed: false,
    standby: false,
    mounts: { 'sys/': 'system', 'auth/token/': 'token', 'database/': 'database' },
    connections: ['database/pg'],
    roles: ['database/app'],
  })
  expect(state.policies).toEqual(expect.arrayContaining(['app', 'default', 'root']))
  expect(state.tokens[1]).toEqual({
    accessor,
    displayName: 'token-me',
    policies: ['app', 'default'],
    ttlSeconds: 90,
    parentAccessor: rootAccessor,
  })
  expect(state.leases).toEqual([
    {
      id,
      role: 'app',
      username,
      ttlSeconds: 60,
      issuedMs: nowMs - 10_000,
      lastRenewalMs: nowMs,
      renewals: 1,
      ownerAccessor: accessor,
    },
  ])
  expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  for (const secret of [token, password, vault.rootToken]) expect(JSON.stringify([state, vault.requests])).not.toContain(secret)
})

it('logs who asked for which role and lease', async () => {
  await start()
  const { id, token, accessor } = await issue()
  await root('POST', 'sys/leases/renew', { lease_id: id }, token)
  await root('POST', 'sys/leases/renew', { lease_id: `${token}/aaaaaaaaaaaaaaaaaaaaaaaa` }, token)
  await root('POST', 'sys/leases/revoke', { lease_id: id })
  const timeMs = Math.round(vault.clock.nowMs())
  const common = { timeMs, status: 200, accessor }
  expect(vault.requests.slice(1)).toEqual([
    { ...common, method: 'GET', path: '/v1/database/creds/app', role: 'app', leaseId: id },
    { ...common, method: 'POST', path: '/v1/sys/leases/renew', leaseId: id },
    { ...common, method: 'POST', path: '/v1/sys/leases/renew', status: 400 },
    {
      ...common,
      method: 'POST',
      path: '/v1/sys/leases/revoke',
      leaseId: id,
      status: 204,
      accessor: expect.any(String) as string,
    },
  ])
})

it('puts the clock forward until everything that fell due has run', async () => {
  await start()
  const { username } = await issue()
  await issue()
  await vault.clock.advance(59_999)
  expect(await database.dynamicUsers()).toHaveLength(2)
  await vault.clock.advance(1)
  expect(await database.dynamicUsers()).toEqual([])
  expect(vault.state().tokens).toHaveLength(3)
  await vault.clock.advance(40_000)
  expect([vault.state().tokens.length, vault.leases(), await database.hasUser(username)]).toEqual([1, [], false])
})

it('changes the passwords of static roles on the way, one period after the other', async () => {
  await start()
  await database.pool.query('CREATE ROLE fixed LOGIN')
  await root('POST', 'database/static-roles/fixed', { username: 'fixed', db_name: 'pg', rotation_period: 60 })
  const read = async (): Promise<{ password: string; ttl: number }> =>
    (await root('GET', 'database/static-creds/fixed')).body.data
  const passwords = new Set([(await read()).password])
  for (let minute = 0; minute < 3; minute++) {
    await vault.clock.advance(65_000)
    passwords.add((await read()).password)
  }
  expect(passwords.size).toBe(4)
  await vault.clock.advance(600_000)
  expect((await read()).ttl).toBeGreaterThan(0)
})

it('refuses revocations as often as it was told, and tries again in time', async () => {
  await start()
  const { id, username } = await issue()
  vault.refuseRevocations(2)
  expect(await root('POST', 'sys/leases/revoke', { lease_id: id })).toMatchObject({ status: 400 })
  await vault.clock.advance(60_000)
  expect([vault.leases().length, await database.hasUser(username)]).toEqual([1, true])
  await vault.clock.advance(30_000) // the first retry follows after 10 to 30 s
  expect([vault.leases(), await database.hasUser(username)]).toEqual([[], false])
})

it('keeps the user of a request that was cut after it was made, and makes none before', async () => {
  await start()
  vault.failNext('database/creds/app', { reset: 'before' })
  await expect(root('GET', 'database/creds/app')).rejects.toThrow(/hang up|ECONNRESET/)
  expect(await database.dynamicUsers()).toEqual([])
  vault.failNext('database/creds/app', { reset: 'after' })
  await expect(root('GET', 'database/creds/app')).rejects.toThrow(/hang up|ECONNRESET/)
  expect(await database.dynamicUsers()).toEqual([vault.leases()[0]!.username])
  vault.refuseRevocations(Infinity)
})
