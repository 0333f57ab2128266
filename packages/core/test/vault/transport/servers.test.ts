import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { VaultClient } from '../../../src/vault/client'
import { clientOf } from '../../support/client'
import { FakeClock } from '../../support/fake-clock'
import { fakeVault, json, text, type Answer, type FakeVault } from '../../support/fake-vault'
import { eventually } from '../../support/poll'

/** Several addresses. The token is looked up, or a user asked for, and each of the servers answers as a test says. */
const TOKEN = 'hvs.secret-token-text'
const { signal } = new AbortController()
const wait = (): void => undefined
const good = json(200, { data: { ttl: 60, renewable: true } })
const user = json(200, { lease_id: 'l', lease_duration: 60, data: { username: 'u', password: 'p' } })
const sealed = json(503, { errors: ['Vault is sealed'] })

let first: FakeVault
let second: FakeVault
let clock: FakeClock
beforeEach(async () => {
  first = await fakeVault(good)
  second = await fakeVault(good)
  clock = new FakeClock()
})
afterEach(async () => {
  await first.close()
  await second.close()
})

const client = (more: object = {}, addresses = [first.address, second.address]): VaultClient =>
  clientOf(first.address, { clock, addresses, ...more })
const asked = ({ seen }: FakeVault): string[] => seen.map(({ path }) => path).filter((path) => path !== 'sys/health')
const looks = ({ seen }: FakeVault): number => seen.filter(({ path }) => path === 'sys/health').length

describe('of several addresses', () => {
  it('the first is asked while it serves', async () => {
    const vault = client()
    await vault.lookupToken(TOKEN, signal)
    await vault.lookupToken(TOKEN, signal)
    expect([asked(first).length, second.seen.length]).toEqual([2, 0])
  })

  it.each<[string, Answer | 'gone']>([
    ['does not listen', 'gone'],
    ['is sealed', sealed],
    ['is not set up', json(501, { errors: ['not initialized'] })],
    ['is a replica for disasters', json(472, { errors: [] })],
    ['is a standby without requests', json(473, { errors: [] })],
    ['has left its cluster', json(530, {})],
  ])('the next is asked at once, and from then on, when the first %s', async (_, answer) => {
    if (answer === 'gone') await first.close()
    else first.answer = answer
    second.answer = user
    const vault = client()
    expect((await vault.issue('database/creds/app', TOKEN, signal, wait)).username).toBe('u')
    second.answer = good
    await vault.lookupToken(TOKEN, signal)
    expect(asked(second)).toHaveLength(2)
    expect(asked(first).length).toBeLessThan(2)
    if (answer === 'gone') first = await fakeVault(good)
  })

  it.each<[string, Answer, boolean]>([
    ['answered with 500', json(500, { errors: ['internal error'] }), true],
    ['answered with 502 of a proxy', text(502, 'Bad gateway'), true],
    ['was cut off', (response) => response.destroy(), true],
    ['does not answer in time', () => undefined, true],
    ['limits the rate', json(429, { errors: [] }), false],
    ['lacks an index', json(412, { errors: [] }), false],
    ['refuses', json(403, { errors: ['permission denied'] }), false],
  ])('a request that %s may have done something: it is not repeated', async (what, answer, movesOn) => {
    first.answer = answer
    const vault = client({ requestTimeoutMs: what === 'does not answer in time' ? 200 : 10_000 })
    await expect(vault.issue('database/creds/app', TOKEN, signal, wait)).rejects.toThrow(`at ${first.address}`)
    expect(second.seen).toEqual([])
    // That the answer is late is known at about the same time here and there: the next request may be as soon.
    for (let tries = 0; tries < 2 && second.seen.length === 0; tries++)
      await vault.lookupToken(TOKEN, signal).catch(() => undefined)
    expect(asked(second)).toHaveLength(movesOn ? 1 : 0)
  })

  it('the error says what was wrong with each of them', async () => {
    first.answer = sealed
    await second.close()
    const error = (await client()
      .lookupToken(TOKEN, signal)
      .catch((cause: unknown) => cause)) as Error
    expect(error).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE', address: second.address })
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.message).toContain(`(before it ${first.address}: 503 Vault is sealed)`)
    expect(error.message).not.toContain(TOKEN)
    second = await fakeVault(good)
  })

  it('an earlier one is asked again once it says that it serves', async () => {
    const vault = client()
    first.answer = sealed
    await vault.lookupToken(TOKEN, signal)
    await clock.advance(29_000)
    await vault.lookupToken(TOKEN, signal)
    expect(looks(first)).toBe(0)
    await clock.advance(1_001)
    await vault.lookupToken(TOKEN, signal)
    await eventually(() => looks(first) === 1)
    expect(asked(first)).toHaveLength(1)
    first.answer = good
    await clock.advance(30_001)
    await vault.lookupToken(TOKEN, signal) // begins the look, and does not wait for it
    await eventually(() => looks(first) === 2)
    await eventuallyAsks(vault, first, 2)
    expect(first.seen.filter(({ path, token }) => path === 'sys/health' && token !== undefined)).toEqual([])
  })

  it('every one is tried in turn, however many fail', async () => {
    const third = await fakeVault(good)
    first.answer = second.answer = sealed
    const vault = client({}, [first.address, second.address, third.address])
    await vault.lookupToken(TOKEN, signal)
    third.answer = sealed
    second.answer = good
    await vault.lookupToken(TOKEN, signal)
    expect([asked(first).length, asked(second).length, asked(third).length]).toEqual([2, 2, 2])
    await third.close()
  })
})

/** Asks until the request goes to `server`. */
async function eventuallyAsks(vault: VaultClient, server: FakeVault, times: number): Promise<void> {
  for (let tries = 0; asked(server).length < times && tries < 100; tries++) await vault.lookupToken(TOKEN, signal)
  expect(asked(server).length).toBeGreaterThanOrEqual(times)
}

describe('a server that takes no TLS connection', () => {
  let silent: Server
  const sockets = new Set<Socket>()
  beforeEach(async () => {
    silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is given up after 3 s for the next one, and nobody waits for it again', { timeout: 20_000 }, async () => {
    const address = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const vault = client({ requestTimeoutMs: 15_000 }, [address, second.address])
    const startMs = performance.now()
    await vault.lookupToken(TOKEN, signal)
    expect(performance.now() - startMs).toBeGreaterThan(2_900)
    const againMs = performance.now()
    await vault.lookupToken(TOKEN, signal)
    expect(performance.now() - againMs).toBeLessThan(2_000)
  })
})
