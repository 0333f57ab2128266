import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SourceReport } from '../../../src/events'
import { OptionError, VaultLoginError } from '../../../src/errors'
import { VaultDynamicRole } from '../../../src/sources/vault-dynamic-role'
import { loginOf } from '../../../src/vault/auth/auth'
import { clientOf } from '../../support/client'
import { VaultSession } from '../../../src/vault/session'
import { FakeClock } from '../../support/fake-clock'
import { fakeVault, goodVault, json, type FakeVault } from '../../support/fake-vault'
import { folder, made, shown } from '../../support/logins'
import { eventually } from '../../support/poll'

const signal = new AbortController().signal
let vault: FakeVault
let good: ReturnType<typeof goodVault>
let files: ReturnType<typeof folder>
beforeEach(async () => {
  good = goodVault()
  vault = await fakeVault(good.answer)
  files = folder()
})
afterEach(async () => {
  files.remove()
  await vault.close()
})

const sink = (text: string): string => files.write('sink', text)
const alive = (...tokens: string[]): void => tokens.forEach((token) => good.state.live.add(token))

/** A session on the sink, with a source that is open. */
async function opened() {
  const clock = new FakeClock()
  const told: SourceReport[] = []
  const asksToRotate: string[] = []
  const client = clientOf(vault.address, { clock })
  const login = loginOf('auth', { method: 'token-file', path: files.path('sink') })
  const session = new VaultSession({ client, login, clock, random: () => 0 })
  const source = new VaultDynamicRole({ client, session, clock, role: 'app', maxTtlMs: 3_600_000 })
  const host = {
    clock,
    random: () => 0,
    report: (r: SourceReport) => void told.push(r),
    rotate: (r: string) => void asksToRotate.push(r),
    abandoned: () => undefined,
  }
  await source.open(host, signal)
  const askedBy = async (): Promise<string | undefined> => {
    await source.issue(signal)
    return vault.seen.at(-1)!.token
  }
  return { clock, told, asksToRotate, source, askedBy }
}

/**
 * Lets the file be looked at until `probe` is true. The clock is a fake and the file is not: while it is being read, nothing waits for the
 * time of the next look, so time that goes by then does nothing.
 */
async function seen(clock: FakeClock, probe: () => boolean): Promise<void> {
  for (let look = 1; look < 10 && !probe(); look++) {
    await eventually(() => clock.pending > 0)
    await clock.advance(5_000)
    await eventually(probe, 500).catch(() => undefined)
  }
  expect(probe()).toBe(true)
}

describe('a token in a file', () => {
  it('is used without what surrounds it, and is not revoked', async () => {
    alive('first-token')
    sink(' first-token\r\n')
    const { told, source, askedBy } = await opened()
    expect(told).toEqual([{ type: 'loggedIn', event: { method: 'token-file', ttlMs: 3_600_000 } }])
    expect(await askedBy()).toBe('first-token')
    await source.close(signal)
    expect(vault.seen.map(({ path }) => path)).not.toContain('auth/token/revoke-self')
  })

  it('is followed by the next in it within seconds, with a rotation, and looked at no more after close', async () => {
    alive('first-token', 'next-token')
    sink('first-token')
    const { clock, asksToRotate, source, askedBy } = await opened()
    await source.issue(signal)
    await clock.advance(60_000)
    sink('next-token')
    expect(asksToRotate).toEqual([])
    await seen(clock, () => asksToRotate.length > 0)
    expect(asksToRotate).toEqual(['token-ending'])
    expect(await askedBy()).toBe('next-token')
    await clock.advance(60_000)
    expect(asksToRotate).toHaveLength(1)
    await source.close(signal)
    expect(clock.pending).toBe(0)
  })

  it('is followed by the next at once when it is dead', async () => {
    alive('first-token', 'next-token')
    sink('first-token')
    const { askedBy } = await opened()
    sink('next-token')
    good.state.live.delete('first-token')
    expect(await askedBy()).toBe('next-token')
  })

  it('that is dead, with no other there, is said to be, worth another try, without being shown', async () => {
    alive('first-token')
    sink('first-token')
    const { source, askedBy } = await opened()
    good.state.live.clear()
    const error: unknown = await source.issue(signal).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(VaultLoginError)
    expect(error).toMatchObject({ reason: 'token-dead', retryable: true })
    expect((error as Error).message).toContain(files.path('sink'))
    expect(shown(error)).not.toContain('first-token')
    alive('next-token')
    sink('next-token')
    expect(await askedBy()).toBe('next-token')
  })

  it('that is dead from the start is said to be', async () => {
    sink('dead-token')
    const { login, failure } = made(vault, { method: 'token-file', path: files.path('sink') })
    expect(await failure()).toMatchObject({ reason: 'token-dead', retryable: true })
    expect(login.canLogIn).toBe(false)
    sink('next-token')
    expect(login.canLogIn).toBe(true)
  })

  it('that cannot be renewed is said to be ending, with nothing to follow until the file is written', async () => {
    alive('first-token', 'next-token')
    sink('first-token')
    good.state.renewedTtl = 60
    const { clock, told, asksToRotate } = await opened()
    await clock.advance(2_400_000)
    await eventually(() => told.some(({ type }) => type === 'tokenSpent'))
    expect(told.at(-1)!.event).toEqual({ endsInMs: 60_000, canLogIn: false })
    expect(asksToRotate).toEqual([])
    sink('next-token')
    await seen(clock, () => asksToRotate.length > 0)
    expect(asksToRotate).toEqual(['token-ending'])
  })

  it('is kept while the next one is no good', async () => {
    alive('first-token')
    sink('first-token')
    const { clock, asksToRotate, source, askedBy } = await opened()
    sink('dead-token')
    await seen(clock, () => asksToRotate.length > 0)
    await expect(source.issue(signal)).rejects.toMatchObject({ reason: 'token-dead' })
    expect(await askedBy()).toBe('first-token')
  })

  it.each(['', 'two words', '{}', '{"token":5}', '{ broken', '{"curve25519_public_key":"x"}'])(
    'is worth another try when there is none: %j',
    async (text) => {
      sink(text)
      const { failure } = made(vault, { method: 'token-file', path: files.path('sink') })
      expect(await failure()).toMatchObject({ reason: 'secret-unreadable', retryable: true })
      expect(vault.seen).toEqual([])
    },
  )
})

describe('a wrapped token in a file', () => {
  const wrapped = (token: string): string =>
    JSON.stringify({ token, accessor: 'x', ttl: 300, creation_time: '2026-11-25T02:00:00Z', creation_path: 'sys/wrapping/wrap' })
  /** What wrapping tokens hold. */
  let held: Map<string, object>
  beforeEach(() => {
    held = new Map()
    vault.answer = (response, seen) => {
      if (seen.path !== 'sys/wrapping/unwrap') return good.answer(response, seen)
      const content = held.get(seen.token!)
      held.delete(seen.token!)
      const refusal = { errors: [`wrapping token ${seen.token!} is not valid or does not exist`] }
      json(content === undefined ? 400 : 200, content ?? refusal)(response, seen)
    }
  })

  it.each<[string, object]>([
    ['by the sink', { data: { token: 'first-token' } }],
    ['by the login', { auth: { client_token: 'first-token' }, data: null }],
  ])('%s is unwrapped once', async (_, content) => {
    held.set('wrapping-1', content)
    alive('first-token')
    sink(wrapped('wrapping-1'))
    const { logIn } = made(vault, { method: 'token-file', path: files.path('sink') })
    expect(await logIn()).toMatchObject({ token: 'first-token' })
    expect(await logIn()).toMatchObject({ token: 'first-token' })
    expect(vault.seen.filter(({ path }) => path === 'sys/wrapping/unwrap')).toHaveLength(1)
  })

  it('is followed by the next', async () => {
    held.set('wrapping-1', { data: { token: 'first-token' } }).set('wrapping-2', { data: { token: 'next-token' } })
    alive('first-token', 'next-token')
    sink(wrapped('wrapping-1'))
    const { clock, asksToRotate, askedBy } = await opened()
    sink(wrapped('wrapping-2'))
    await seen(clock, () => asksToRotate.length > 0)
    expect(await askedBy()).toBe('next-token')
  })

  it('that somebody else has read is refused with a warning, without being shown', async () => {
    sink(wrapped('wrapping-1'))
    const { login, failure } = made(vault, { method: 'token-file', path: files.path('sink') })
    const error = await failure()
    expect(error).toMatchObject({ reason: 'wrapping-token-used', retryable: false })
    expect(shown(error)).not.toContain('wrapping-1')
    expect(login.canLogIn).toBe(false)
  })
})

it.each([{}, { path: '' }, { path: 5 }, { path: '/x', every: 5 }])('refuses the options %j', (options) => {
  expect(() => made(vault, { method: 'token-file', ...options })).toThrow(OptionError)
})
