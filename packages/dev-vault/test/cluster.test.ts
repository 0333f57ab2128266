import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DevVault, type DevVaultOptions, startDevVault } from '../src/index'
import { caller, eventually, TestClock } from './support'

const SELF = 'auth/token/lookup-self'
const NO_LEADER = { errors: ['local node not active but active cluster node not found'] }

let vault: DevVault
let clock: TestClock

async function start(options: Partial<DevVaultOptions> = {}): Promise<void> {
  clock = new TestClock()
  vault = await startDevVault({ databases: {}, roles: {}, nodes: 3, clock, ...options })
}

beforeEach(() => start())
afterEach(() => vault.close())

async function get(node: number, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${vault.addresses[node]}/v1/${path}`, {
    headers: { 'X-Vault-Token': vault.rootToken, ...headers },
    redirect: 'manual',
  })
}

const health = async (): Promise<number[]> => Promise.all([0, 1, 2].map(async (node) => (await get(node, 'sys/health')).status))

async function leaderAt(node: number): Promise<Record<string, unknown>> {
  return (await get(node, 'sys/leader')).json() as Promise<Record<string, unknown>>
}

describe('standbys', () => {
  it('share one state and hand requests on', async () => {
    expect(await health()).toEqual([200, 429, 429])
    const created = await caller(vault.addresses[1]!, vault.rootToken)('POST', 'auth/token/create', {})
    expect((await caller(vault.addresses[2]!, created.body.auth.client_token)('GET', SELF)).status).toBe(200)
    expect((await get(1, 'sys/health?standbyok=true')).status).toBe(200)
    expect((await get(1, 'sys/health?standbyok=true&activecode=222')).status).toBe(222)
    expect((await get(1, 'sys/health?standbycode=299')).status).toBe(299)
    expect((await get(1, 'sys/health?standbyok=')).status).toBe(429)
    expect(await (await get(1, 'sys/health?standbycode=x')).json()).toEqual({ errors: [] })
    expect(await (await get(1, 'sys/health')).json()).toMatchObject({ standby: true, replication_dr_mode: 'unknown' })
  })

  it('know the leader', async () => {
    const leader_address = vault.addresses[0]
    expect(await leaderAt(0)).toMatchObject({ ha_enabled: true, is_self: true, leader_address })
    expect(await leaderAt(1)).toMatchObject({
      ha_enabled: true,
      is_self: false,
      leader_address,
      active_time: '0001-01-01T00:00:00Z',
    })
  })

  it('answer 307 if the client wants no forwarding, before they look at token or method', async () => {
    const answer = await get(1, `${SELF}?a=b%20c`, { 'X-Vault-No-Request-Forwarding': '1', 'X-Vault-Token': 'none' })
    expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([
      307,
      `${vault.addresses[0]}/v1/${SELF}?a=b%20c`,
      '',
    ])
    expect((await get(1, SELF, { 'X-Vault-No-Request-Forwarding': '' })).status).toBe(200)
    expect((await get(0, SELF, { 'X-Vault-No-Request-Forwarding': '1' })).status).toBe(200)
    expect((await get(1, 'sys/seal-status', { 'X-Vault-No-Request-Forwarding': '1' })).status).toBe(200)
  })

  it('answer 307 without the option forwarding', async () => {
    await vault.close()
    await start({ forwarding: false })
    expect((await get(2, SELF)).status).toBe(307)
    expect((await get(0, SELF)).status).toBe(200)
  })

  it('answer 503 while sealed', async () => {
    vault.seal()
    expect(await health()).toEqual([503, 503, 503])
    const answer = await get(1, SELF, { 'X-Vault-No-Request-Forwarding': '1' })
    expect([answer.status, await answer.json()]).toEqual([503, { errors: ['Vault is sealed'] }])
  })
})

describe('leadership', () => {
  it('moves to the next node or a named one', async () => {
    await vault.changeLeader()
    expect([vault.leader, await health()]).toEqual([1, [429, 200, 429]])
    await vault.changeLeader(0)
    expect([vault.leader, await health()]).toEqual([0, [200, 429, 429]])
  })

  it('is nowhere for as long as asked', async () => {
    const changed = vault.changeLeader(2, { leaderlessMs: 3_000 })
    await eventually(() => clock.nextMs() === 3_000)
    expect(await health()).toEqual([429, 429, 429])
    const answer = await get(0, SELF)
    expect([answer.status, await answer.json()]).toEqual([500, NO_LEADER])
    expect(await leaderAt(0)).toMatchObject({ is_self: false, leader_address: '', leader_cluster_address: '' })
    await clock.advance(3_000)
    await changed
    expect(await health()).toEqual([429, 429, 200])
  })

  it('moves by step-down, which needs sudo', async () => {
    const put = (token: string): Promise<Response> =>
      fetch(`${vault.addresses[2]}/v1/sys/step-down`, { method: 'PUT', headers: { 'X-Vault-Token': token } })
    const created = await caller(vault.address, vault.rootToken)('POST', 'auth/token/create', { policies: ['default'] })
    expect((await put(created.body.auth.client_token)).status).toBe(403)
    expect((await put('none')).status).toBe(403)
    expect((await put(vault.rootToken)).status).toBe(204)
    expect(vault.leader).toBe(1)
  })

  it('moves away from a node that stops, which comes back as a standby at its address', async () => {
    await vault.stopNode(0)
    await expect(get(0, 'sys/health')).rejects.toThrow('fetch failed')
    expect(vault.leader).toBe(1)
    expect((await get(2, SELF)).status).toBe(200)
    await vault.startNode(0)
    expect(await health()).toEqual([429, 200, 429])
  })

  it('ends with the majority, and comes back with it', async () => {
    await vault.stopNode(1)
    await vault.stopNode(2)
    expect(vault.leader).toBe(undefined)
    expect((await get(0, SELF)).status).toBe(500)
    expect((await get(0, 'sys/health')).status).toBe(429)
    await vault.startNode(1)
    expect(vault.leader).toBe(0)
    expect((await get(1, SELF)).status).toBe(200)
  })

  it('goes to the last one asked for if changes overlap', async () => {
    const slow = vault.changeLeader(1, { leaderlessMs: 1_000 })
    await eventually(() => clock.nextMs() === 1_000)
    await vault.changeLeader(2)
    await clock.advance(1_000)
    await slow
    expect(vault.leader).toBe(2)
  })
})
