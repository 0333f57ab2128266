import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SourceReport } from '../../src/events'
import { VaultRefusedError, VaultUnavailableError } from '../../src/errors'
import { LeaseLostError } from '../../src/source'
import { VaultDynamicRole } from '../../src/sources/vault-dynamic-role'
import { appRoleLogin } from '../../src/vault/auth/app-role'
import { tokenLogin } from '../../src/vault/auth/token'
import { clientOf } from '../support/client'
import { VaultSession } from '../../src/vault/session'
import { FakeClock } from '../support/fake-clock'
import { fakeVault, goodVault, json, POLICY, type FakeVault } from '../support/fake-vault'
import { eventually } from '../support/poll'

const signal = new AbortController().signal
let vault: FakeVault
let good: ReturnType<typeof goodVault>
beforeEach(async () => {
  good = goodVault()
  vault = await fakeVault(good.answer)
})
afterEach(() => vault.close())

const asked = (path: string): number => vault.seen.filter((one) => one.path === path).length
const LOGIN = 'auth/approle/login'
const RENEW = 'auth/token/renew-self'
const REVOKE = 'auth/token/revoke-self'

/** A source with an open session on the fake Vault; what it reports is in `told`. */
async function opened(method: 'approle' | 'token' = 'approle') {
  const clock = new FakeClock(0)
  const told: SourceReport[] = []
  const asksToRotate: string[] = []
  const client = clientOf(vault.address, { clock })
  if (method === 'token') good.state.live.add('token-of-others')
  const login =
    method === 'token'
      ? tokenLogin('auth', { method, token: 'token-of-others' })
      : appRoleLogin('auth', { method, roleId: 'app', secretId: 'the-secret-id' })
  const session = new VaultSession({ client, login, clock, random: () => 0 })
  const source = new VaultDynamicRole({ client, session, clock, mount: 'database', role: 'app' })
  const host = {
    clock,
    random: () => 0,
    report: (r: SourceReport) => void told.push(r),
    rotate: (r: string) => void asksToRotate.push(r),
    abandoned: (late: Promise<unknown>) => void late.catch(() => undefined),
  }
  await source.open(host, signal)
  const types = (): string[] => told.map(({ type }) => type)
  return { clock, told, types, asksToRotate, session, source }
}

describe('the token', () => {
  it('is renewed at two thirds of its ttl, and not before', async () => {
    const { clock, types } = await opened()
    await clock.advance(2_399_999)
    expect(asked(RENEW)).toBe(0)
    await clock.advance(1)
    await eventually(() => types().includes('tokenRenewed'))
    expect(vault.seen.at(-1)!.body).toEqual({ increment: '3600s' })
    await clock.advance(2_400_000)
    await eventually(() => asked(RENEW) === 2)
  })

  it('is spent when a renewal was truncated: asks for a rotation, and the next issue logs in again', async () => {
    const { clock, told, asksToRotate, source } = await opened()
    const first = await source.issue(signal)
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    expect(asksToRotate).toEqual(['token-ending'])
    expect(told.at(-1)).toEqual({ type: 'tokenSpent', event: { endsInMs: 60_000, canLogIn: true } })
    expect(source.limitMs(first.lease!)).toBe(2_460_000)
    const second = await source.issue(signal)
    expect(asked(LOGIN)).toBe(2)
    expect(vault.seen.at(-1)!.token).toBe('token-number-2')
    expect(source.limitMs(second.lease!)).toBeUndefined()
  })

  it('that was replaced is revoked only once its last lease is given back', async () => {
    const { clock, asksToRotate, source } = await opened()
    const [a, b] = [await source.issue(signal), await source.issue(signal)]
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    await source.issue(signal)
    await source.revoke(a.lease!, signal)
    expect(asked(REVOKE)).toBe(0)
    await source.revoke(b.lease!, signal)
    expect(vault.seen.filter(({ path }) => path === REVOKE).map(({ token }) => token)).toEqual(['token-number-1'])
  })

  it('that was replaced is not revoked while a user is asked for with it, whoever still waits for the answer', async () => {
    const { clock, asksToRotate, source } = await opened()
    const { lease } = await source.issue(signal)
    let answer: (() => void) | undefined
    vault.answer = (response, seen) => {
      if (seen.path !== 'database/creds/app' || answer !== undefined) return good.answer(response, seen)
      answer = () => json(500, { errors: ['no'] })(response, seen)
    }
    const giveUp = new AbortController()
    const givenUp = expect(source.issue(giveUp.signal)).rejects.toThrow('enough')
    await eventually(() => answer !== undefined)
    giveUp.abort(new Error('enough'))
    await givenUp
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    await source.issue(signal)
    await source.revoke(lease!, signal)
    expect(asked(REVOKE)).toBe(0)
    answer!()
    await eventually(() => asked(REVOKE) === 1)
  })

  it('that was replaced is revoked too when leases may not be given back: its leases go with it', async () => {
    const { clock, asksToRotate, source } = await opened()
    good.state.mayRevoke = false
    const kept = await source.issue(signal)
    await expect(source.revoke(kept.lease!, signal)).rejects.toMatchObject({ status: 403 })
    const { lease } = await source.issue(signal)
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    await source.issue(signal)
    await source.revoke(lease!, signal).catch(() => undefined)
    expect(vault.seen.filter(({ path }) => path === REVOKE).map(({ token }) => token)).toEqual(['token-number-1'])
  })

  it('that is dead is said to end now, and replaced', async () => {
    const { clock, told, asksToRotate } = await opened()
    good.state.live.clear()
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    expect(told.at(-1)).toEqual({ type: 'tokenSpent', event: { endsInMs: 0, canLogIn: true } })
  })

  it('that was found dead by a request is no news when its renewal fails as well', async () => {
    const { clock, types, asksToRotate, source } = await opened()
    await source.issue(signal)
    good.state.live.clear()
    await source.issue(signal)
    await clock.advance(2_400_000)
    await eventually(() => types().includes('tokenRenewed'))
    expect(types()).not.toContain('tokenRenewFailed')
    expect(asksToRotate).toEqual([])
    expect(vault.seen.filter(({ path }) => path === RENEW).map(({ token }) => token)).toEqual(['token-number-2'])
  })

  it('that may not renew itself lives to its end all the same', async () => {
    const { clock, told, asksToRotate } = await opened()
    vault.answer = (response, seen) => (seen.path === RENEW ? json(403, { errors: [POLICY] }) : good.answer)(response, seen)
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    expect(told.at(-1)).toEqual({ type: 'tokenSpent', event: { endsInMs: 1_200_000, canLogIn: true } })
  })

  it('is tried again while Vault is away, and then renewed', async () => {
    const { clock, types } = await opened()
    vault.answer = json(503, { errors: ['Vault is sealed'] })
    await clock.advance(2_400_000)
    await eventually(() => types().includes('tokenRenewFailed'))
    vault.answer = good.answer
    await clock.advance(1_000)
    await eventually(() => types().includes('tokenRenewed'))
  })
})

describe('a request that is refused', () => {
  it('because its token is dead is made again after one login', async () => {
    const { source } = await opened()
    good.state.live.clear()
    const issued = await source.issue(signal)
    expect(issued.username).toBe('v-app-1')
    expect(asked(LOGIN)).toBe(2)
  })

  it('because of a dead token logs in once for all that ask at the same time', async () => {
    const { source } = await opened()
    good.state.live.clear()
    await Promise.all([source.issue(signal), source.issue(signal), source.issue(signal)])
    expect(asked(LOGIN)).toBe(2)
  })

  it('by policy is passed on, without a login', async () => {
    const { session } = await opened()
    const request = session.withToken(
      (token) => clientOf(vault.address, { clock: new FakeClock() }).issue('secret/x', token.value, signal, () => undefined),
      signal,
    )
    await expect(request).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 403 })
    expect(asked(LOGIN)).toBe(1)
  })

  it.each([
    ['lease not found', LeaseLostError],
    ['lease expired', LeaseLostError],
    ['lease is expired and has failed previous revocation attempts', LeaseLostError],
    ['lease is not renewable', VaultRefusedError],
    ['failed to renew entry: resp: (*logical.Response)(nil) err: lease not found', VaultUnavailableError],
  ])('to renew with "%s" is told from the others', async (reason, kind) => {
    const { source } = await opened()
    const { lease } = await source.issue(signal)
    vault.answer = json(400, { errors: [reason] })
    const error = await source.renew(lease!, signal).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(kind)
  })
})

describe('a token of somebody else', () => {
  it('cannot be replaced: a dead one is refused', async () => {
    const { source } = await opened('token')
    good.state.live.clear()
    await expect(source.issue(signal)).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 403 })
    expect(asked(LOGIN)).toBe(0)
  })

  it('says when it ends, asks for no rotation, and is used on', async () => {
    const { clock, told, types, asksToRotate, source } = await opened('token')
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => types().includes('tokenSpent'))
    expect(told.at(-1)).toEqual({ type: 'tokenSpent', event: { endsInMs: 60_000, canLogIn: false } })
    expect(asksToRotate).toEqual([])
    expect((await source.issue(signal)).username).toBe('v-app-1')
  })

  it('ends its credentials where its explicit_max_ttl does, known from the start', async () => {
    const hour = 3_600
    const facts = { ttl: hour, expire_time: '2026-11-25T03:00:00Z', explicit_max_ttl: 2 * hour, renewable: true }
    const creation_time = Date.parse('2026-11-25T02:00:00Z') / 1000
    const { answer } = good
    vault.answer = (response, seen) =>
      (seen.path === 'auth/token/lookup-self' ? json(200, { data: { ...facts, creation_time } }) : answer)(response, seen)
    const { source } = await opened('token')
    const { lease } = await source.issue(signal)
    expect(source.limitMs(lease!)).toBe(2 * hour * 1_000)
  })

  it('is not revoked at the end', async () => {
    const { source } = await opened('token')
    await source.close(signal)
    expect(asked(REVOKE)).toBe(0)
  })
})

describe('close', () => {
  it('revokes every token that it logged in for, and stops renewing', async () => {
    const { clock, asksToRotate, source } = await opened()
    await source.issue(signal)
    good.state.renewedTtl = 60
    await clock.advance(2_400_000)
    await eventually(() => asksToRotate.length === 1)
    await source.issue(signal)
    await source.close(signal)
    expect(good.state.live.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('lets nobody log in afterwards', async () => {
    const { source } = await opened()
    await source.close(signal)
    await expect(source.issue(signal)).rejects.toThrow()
    expect(asked(LOGIN)).toBe(1)
  })
})

it('gives no unhandled rejection when a login fails whose only caller had given up before it began', async () => {
  const clock = new FakeClock()
  const client = clientOf(vault.address, { clock })
  let failed: (() => void) | undefined
  const over = new Promise<void>((resolve) => (failed = resolve))
  const session = new VaultSession({
    client,
    clock,
    random: () => 0,
    login: {
      method: 'broken',
      canLogIn: true,
      ownsToken: true,
      logIn: async () => {
        setImmediate(failed!)
        await Promise.resolve()
        throw new Error('no login today')
      },
    },
  })
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const host = { clock, random: () => 0, report: () => undefined, rotate: () => undefined, abandoned: () => undefined }
  await expect(session.open(host, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  await over
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})

it('gives up a login that does not end, so that the next one can succeed', async () => {
  const clock = new FakeClock()
  const client = clientOf(vault.address, { clock })
  let logins = 0
  const login = {
    method: 'slow',
    canLogIn: true,
    ownsToken: false,
    logIn: () =>
      (logins += 1) === 1
        ? new Promise<never>(() => undefined)
        : Promise.resolve({ token: 'x', ttlMs: undefined, renewable: false, truncated: false }),
  }
  const session = new VaultSession({ client, clock, random: () => 0, login })
  const host = { clock, random: () => 0, report: () => undefined, rotate: () => undefined, abandoned: () => undefined }
  const first = session.open(host, signal)
  const refused = expect(first).rejects.toThrow('No login within 60000 ms')
  await clock.advance(60_000)
  await refused
  await session.open(host, signal)
  expect(logins).toBe(2)
  expect(clock.pending).toBe(0)
})
