import { Agent, get } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DevVault, startDevVault } from '../src/index'
import { type Answered, type Call, caller, eventually, TestClock } from './support'

let vault: DevVault
let root: Call
let clock: TestClock

beforeEach(async () => {
  clock = new TestClock()
  vault = await startDevVault({ databases: {}, roles: {}, clock })
  root = caller(vault.address, vault.rootToken)
})

afterEach(() => vault.close())

const SELF = 'auth/token/lookup-self'
const create = (): Promise<Answered> => root('POST', 'auth/token/create', { ttl: '1h' })
const self = (): Promise<Answered> => root('GET', SELF)
const outcome = (answered: Promise<Answered>): Promise<number | string> =>
  answered.then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code!,
  )

function statusBy(agent: Agent, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { agent, headers: { 'X-Vault-Token': vault.rootToken } }
    get(`${vault.address}/v1/${path}`, options, (response) => {
      response.on('end', () => resolve(response.statusCode!)).resume()
    }).on('error', reject)
  })
}

async function raw(path: string): Promise<Response> {
  return fetch(`${vault.address}/v1/${path}`, { headers: { 'X-Vault-Token': vault.rootToken }, redirect: 'manual' })
}

describe('failNext', () => {
  it('answers once with what it was told, and does nothing', async () => {
    const armed = vault.failNext('auth/token/create', { status: 500, errors: ['on purpose'] })
    expect(vault.faults).toEqual([armed])
    expect((await self()).status).toBe(200)
    expect(await create()).toEqual({ status: 500, body: { errors: ['on purpose'] } })
    expect(vault.state().tokens).toHaveLength(1)
    expect(vault.faults).toEqual([])
    expect((await create()).status).toBe(200)
  })

  it.each([
    [412, ['required index state not present']],
    [429, [`request path "${SELF}": rate limit quota exceeded`]],
    [503, ['Vault is sealed']],
    [403, ['1 error occurred:\n\t* permission denied\n\n']],
  ])('says with %d what Vault says', async (status, errors) => {
    vault.failNext(SELF, { status })
    expect(await self()).toEqual({ status, body: { errors } })
  })

  it('sends any body and headers', async () => {
    vault.failNext(SELF, { status: 502, body: '<html>', headers: { 'Content-Type': 'text/html', 'Retry-After': '7' } })
    const answer = await raw(SELF)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after'), await answer.text()]).toEqual([
      502,
      'text/html',
      '7',
      '<html>',
    ])
    vault.failNext(SELF, { status: 200, body: { data: null } })
    expect((await self()).body).toEqual({ data: null })
  })

  it('cuts the connection before or after it is done', async () => {
    vault.failNext('auth/token/create', { reset: 'before' })
    expect(await outcome(create())).toBe('ECONNRESET')
    expect(vault.state().tokens).toHaveLength(1)
    vault.failNext('auth/token/create', { reset: 'after' })
    expect(await outcome(create())).toBe('ECONNRESET')
    expect(vault.state().tokens).toHaveLength(2)
    expect(vault.requests.map(({ status }) => status)).toEqual([0, 0])
  })

  it('holds requests until they are released', async () => {
    const armed = vault.failNext('auth/token/*', { hang: true, times: 2 })
    const held = [create(), create()]
    await eventually(() => armed.held === 2)
    expect([vault.state().tokens.length, vault.faults.length]).toEqual([1, 1])
    armed.release()
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200])
    expect(vault.faults).toEqual([])
  })

  it('forgets held requests whose client hangs up, and at close', async () => {
    const armed = vault.failNext('*', { hang: true, times: 2 })
    const abort = new AbortController()
    const gone = fetch(`${vault.address}/v1/${SELF}`, { signal: abort.signal }).catch(() => 'gone')
    const left = outcome(create())
    await eventually(() => armed.held === 2)
    abort.abort()
    await gone
    await eventually(() => armed.held === 1)
    await vault.close()
    expect(await left).toBe('ECONNRESET')
    expect(vault.state().tokens).toHaveLength(1)
  })

  it('arms several, met in their order, by path, prefix or expression, as often as asked', async () => {
    vault.failNext(/^auth\/token\/l/g, { status: 501, times: 2 })
    vault.failNext('auth/*', { status: 502 })
    const always = vault.failNext(SELF, { status: 503, times: Infinity })
    const seen = []
    for (let count = 0; count < 6; count++) seen.push((await self()).status)
    expect(seen).toEqual([501, 501, 502, 503, 503, 503])
    always.disarm()
    expect((await self()).status).toBe(200)
  })

  it('meets LIST requests, too', async () => {
    vault.failNext('sys/leases/lookup/*', { status: 500, headers: { 'Retry-After': '1' } })
    expect((await root('LIST', 'sys/leases/lookup/auth')).status).toBe(500)
    vault.failNext('sys/leases/lookup/*', { reset: 'after' })
    expect(await outcome(root('LIST', 'sys/leases/lookup/auth'))).toBe('ECONNRESET')
  })
})

describe('other switches', () => {
  it('delays by the clock, all or one path, until it is ended', async () => {
    vault.latency({ ms: 500, path: SELF })
    expect((await root('GET', 'sys/mounts')).status).toBe(200)
    const delayed = outcome(self())
    await eventually(() => clock.nextMs() === 500)
    expect(vault.requests).toHaveLength(1)
    await vault.clock.advance(500)
    expect(await delayed).toBe(200)
    vault.latency(0)
    expect((await self()).status).toBe(200)
  })

  it('leaves no listener on a connection that is used again and again', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    vault.latency({ ms: 0.001, path: SELF })
    vault.failNext('sys/leader', { hang: true, times: Infinity })
    for (let count = 0; count < 12; count++) {
      const held = statusBy(agent, 'sys/leader')
      await eventually(() => vault.faults[0]!.held === 1)
      vault.faults[0]!.release()
      const delayed = held.then(() => statusBy(agent, SELF))
      await eventually(() => clock.nextMs() !== undefined)
      await vault.clock.advance(1)
      expect(await delayed).toBe(200)
    }
    agent.destroy()
    await new Promise((resolve) => process.nextTick(resolve))
    process.removeListener('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('forgets a delayed request whose client hangs up', async () => {
    vault.latency(60_000)
    const pending = outcome(create())
    await eventually(() => clock.nextMs() === 60_000)
    vault.outage()
    expect(await pending).toBe('ECONNRESET')
    await eventually(() => clock.nextMs() === undefined)
  })

  it('limits rates with and without Retry-After, but not the status paths', async () => {
    vault.rateLimit(true)
    const plain = await raw(SELF)
    expect([plain.status, plain.headers.get('retry-after'), await plain.json()]).toEqual([
      429,
      null,
      { errors: [`request path "${SELF}": rate limit quota exceeded`] },
    ])
    expect((await root('GET', 'sys/health')).status).toBe(200)
    expect((await root('GET', 'sys/leader')).status).toBe(429)
    vault.rateLimit({ retryAfterSeconds: 3 })
    expect((await raw(SELF)).headers.get('retry-after')).toBe('3')
    expect(vault.faults).toEqual([])
    vault.rateLimit(false)
    expect((await self()).status).toBe(200)
  })

  it('is a standby of nobody, of somebody, and active again', async () => {
    vault.standby()
    expect(await self()).toEqual({
      status: 500,
      body: { errors: ['local node not active but active cluster node not found'] },
    })
    expect((await root('GET', 'sys/health')).status).toBe(429)
    expect((await root('GET', 'sys/health?standbyok=true')).status).toBe(200)
    vault.standby({ leader: 'https://other:8200/' })
    const redirect = await raw(`${SELF}?a=b%20c`)
    expect([redirect.status, redirect.headers.get('location'), await redirect.text()]).toEqual([
      307,
      `https://other:8200/v1/${SELF}?a=b%20c`,
      '',
    ])
    expect((await root('GET', 'sys/leader')).body).toMatchObject({
      ha_enabled: true,
      is_self: false,
      leader_address: 'https://other:8200/',
    })
    vault.standby(false)
    expect((await self()).status).toBe(200)
    expect((await root('GET', 'sys/leader')).body).toMatchObject({ ha_enabled: false, is_self: false, leader_address: '' })
  })

  it('clears everything at once', async () => {
    vault.failNext('*', { status: 500, times: Infinity })
    vault.rateLimit(true)
    vault.latency(60_000)
    vault.standby()
    vault.outage()
    vault.seal()
    vault.clear()
    expect(vault.faults).toEqual([])
    expect((await self()).status).toBe(200)
  })

  it.each([
    [(): unknown => vault.seal('yes' as never), 'DevVault.seal', 'true or false'],
    [() => vault.outage(1 as never), 'DevVault.outage', 'true or false'],
    [() => vault.standby({ leader: 'here' }), 'DevVault.standby.leader', 'a URL'],
    [() => vault.latency(-1), 'DevVault.latency', 'a number of milliseconds'],
    [() => vault.latency({ ms: 1, path: '/v1/x' }), 'DevVault.latency.path', 'a path without /v1/'],
    [() => vault.failNext('', { status: 500 }), 'DevVault.failNext', 'a path'],
    [() => vault.failNext('x', {}), 'DevVault.failNext', 'one of status, reset and hang'],
    [() => vault.failNext('x', { status: 500, hang: true }), 'DevVault.failNext', 'one of status, reset and hang'],
    [() => vault.failNext('x', { status: 99 }), 'DevVault.failNext.status', 'a status from 200 to 599'],
    [() => vault.failNext('x', { reset: 'after', errors: [] }), 'DevVault.failNext.errors', 'nothing without status'],
    [() => vault.failNext('x', { status: 500, errors: [], body: '' }), 'DevVault.failNext.body', 'nothing beside errors'],
    [() => vault.failNext('x', { status: 500, times: 0 }), 'DevVault.failNext.times', 'at least 1'],
    [() => vault.failNext('x', { status: 500, headers: { a: 'b\n' } }), 'DevVault.failNext.headers', 'header names'],
    [() => vault.failNext('x', { status: 500, after: 1 } as never), 'DevVault.failNext.after', 'one of'],
    [() => vault.rateLimit({ retryAfterSeconds: 0.5 }), 'DevVault.rateLimit.retryAfterSeconds', 'whole number'],
    [() => vault.refuseRevocations(-1), 'DevVault.refuseRevocations', 'at least 0'],
    [() => vault.clock.advance(Infinity), 'DevVault.clock.advance', 'a number of milliseconds'],
    [() => vault.changeLeader(1), 'DevVault.changeLeader', 'a node from 0 to 0'],
    [() => vault.stopNode(-1), 'DevVault.stopNode', 'a node from 0 to 0'],
  ])('%#: refuses what a switch cannot use', async (call, option, expected) => {
    const error: unknown = await Promise.resolve()
      .then(call)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_OPTION', option })
    expect(String(error)).toContain(expected)
  })
})
