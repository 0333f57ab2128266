import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock'
import { LeasedCredentials } from '../../src/leased-credentials'
import { fallback } from '../../src/sources/fallback'
import { fixedLogin } from '../../src/sources/fixed-login'
import { vaultClient, type Vault } from '../../src/vault-client'
import { vaultCredentials } from '../../src/vault-credentials'
import type { LeasedUser, VaultClient } from '../../src/vault/client'
import { clientOf } from '../support/client'
import { fakeVault, goodVault, type Answer, type FakeVault } from '../support/fake-vault'
import { eventually } from '../support/poll'

/**
 * Vault that sees a connection go while it makes a user keeps the user and no lease of it: so no request for one is cut off, and what
 * comes too late is given back.
 */
const auth = { method: 'approle', roleId: 'role', secretId: 'the-secret-id' } as const
const CREDS = 'database/creds/app'

let vault: FakeVault
let held: Parameters<Answer>[]
let holds: boolean
let good: ReturnType<typeof goodVault>
beforeEach(async () => {
  held = []
  holds = false
  good = goodVault()
  vault = await fakeVault((response, seen) => {
    if (holds && seen.path === CREDS) held.push([response, seen])
    else good.answer(response, seen)
  })
})
afterEach(() => vault.close())

const hold = (): void => {
  holds = true
}

async function oneIsHeld(): Promise<void> {
  await eventually(() => held.length > 0)
}

function answerAll(): void {
  holds = false
  for (const [response, seen] of held.splice(0)) good.answer(response, seen)
}

const givenBack = (): unknown[] =>
  vault.seen.filter(({ path }) => path === 'sys/leases/revoke').map(({ body }) => (body as { lease_id?: unknown }).lease_id)
const asked = (path: string): number => vault.seen.filter((seen) => seen.path === path).length

describe('a request for a user', () => {
  const { signal } = new AbortController()
  const client = (requestTimeoutMs: number): VaultClient => clientOf(vault.address, { clock: systemClock, requestTimeoutMs })

  it.each<[string, number, object]>([
    ['its signal aborts', 60_000, { message: 'not needed' }],
    [
      'its time is up',
      50,
      { code: 'ERR_VAULT_UNAVAILABLE', message: expect.stringContaining('no answer within 50 ms') as string },
    ],
  ])('is not cut off when %s', async (_, requestTimeoutMs, failure) => {
    const token = (await client(1_000).login('auth/approle/login', { secret_id: 'the-secret-id' }, signal)).token
    hold()
    const giveUp = new AbortController()
    const late: Promise<LeasedUser>[] = []
    const issuing = client(requestTimeoutMs).issue(CREDS, token, giveUp.signal, (answer) => late.push(answer))
    const failed = expect(issuing).rejects.toMatchObject(failure)
    await oneIsHeld()
    if (requestTimeoutMs > 1_000) giveUp.abort(new Error('not needed'))
    await failed
    answerAll()
    expect(late).toHaveLength(1)
    expect(await late[0]).toMatchObject({ username: 'v-app-1', lease: { id: `${CREDS}/lease1` } })
  })

  it('is not made when its signal has aborted before', async () => {
    const issuing = client(1_000).issue(CREDS, 'a-token', AbortSignal.abort(new Error('not needed')), () => undefined)
    await expect(issuing).rejects.toThrow('not needed')
    expect(vault.seen).toEqual([])
  })
})

describe('the user that comes too late is given back', () => {
  it('after close(), which waits for it, and revokes the token last', async () => {
    const credentials = await vaultCredentials({ address: vault.address, auth, role: 'app' })
    hold()
    const rotating = credentials.rotate()
    const failed = expect(rotating).rejects.toThrow('closed')
    await oneIsHeld()
    const closing = credentials.close()
    await failed
    await eventually(() => givenBack().length === 1) // that of the credential in use
    answerAll()
    await closing
    expect(givenBack()).toEqual([`${CREDS}/lease1`, `${CREDS}/lease2`])
    expect(vault.seen.at(-1)!.path).toBe('auth/token/revoke-self')
  })

  it('after a rotation that did not wait so long, without a word to the pools', async () => {
    const credentials = await vaultCredentials({ address: vault.address, auth, role: 'app', requestTimeoutMs: 1_000 })
    hold()
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
    const revoked = new Promise((resolve) => credentials.once('revoked', resolve))
    answerAll()
    expect(await revoked).toMatchObject({ generation: 2 })
    expect(givenBack()).toEqual([`${CREDS}/lease2`])
    expect(credentials.generation).toBe(1)
    await credentials.close()
  })

  it('after a start that did not wait so long, with the token', async () => {
    hold()
    const starting = vaultCredentials({ address: vault.address, auth, role: 'app', startTimeoutMs: 1_500 })
    await expect(starting).rejects.toMatchObject({ code: 'ERR_START_TIMEOUT' })
    answerAll()
    await eventually(() => asked('auth/token/revoke-self') === 1)
    expect(givenBack()).toEqual([`${CREDS}/lease1`])
  })

  it('after another source has taken over, with the token of an app that goes on with it', async () => {
    const shared: Vault = vaultClient({ address: vault.address, auth })
    hold()
    const source = fallback([shared.dynamicRole({ role: 'app' }), fixedLogin({ username: 'glass', password: 'p' })], {
      afterMs: 100,
    })
    const credentials = await LeasedCredentials.start(source)
    expect(credentials.current().username).toBe('glass')
    const closing = credentials.close()
    answerAll()
    await closing
    expect(givenBack().length).toBe(asked(CREDS))
    expect(asked('auth/token/revoke-self')).toBe(0)
    await shared.close()
  })
})

it('that never comes does not keep close() for longer than its time limits', async () => {
  const credentials = await vaultCredentials({ address: vault.address, auth, role: 'app', closeTimeoutMs: 0, clock: hastyClock })
  hold()
  const failed = expect(credentials.rotate()).rejects.toThrow()
  await oneIsHeld()
  await credentials.close()
  await failed
  expect(asked('auth/token/revoke-self')).toBe(1)
})

/** A hundred times as fast where somebody waits for long. */
const hastyClock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 1_000 && ms < 60_000 ? ms / 100 : ms, signal),
}
