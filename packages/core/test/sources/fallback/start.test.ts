import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoSourceError } from '../../../src/errors'
import { LeasedCredentials } from '../../../src/leased-credentials'
import { fallback } from '../../../src/sources/fallback'
import { fixedLogin } from '../../../src/sources/fixed-login'
import { vaultClient } from '../../../src/vault-client'
import { hang } from '../../support/fake-source'
import { fakeVault, goodVault, json } from '../../support/fake-vault'
import { away, bed, BreakGlass, refused } from './support'

let warned: string[]
beforeEach(() => {
  warned = []
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warned.push(String(text)))
})
afterEach(() => vi.restoreAllMocks())

describe('the start', () => {
  it('is on the first source, and does not touch the others', async () => {
    const { clock, glass, start } = bed()
    const { credentials, user } = await (await start()).started()
    await clock.advance(3_600_000 * 12)
    expect(user()).toMatch(/^user-/)
    expect(credentials.status()).toMatchObject({ source: 'vault', health: { state: 'healthy' } })
    await credentials.close()
    expect([glass.opened, glass.asked, glass.closed, warned]).toEqual([0, 0, 0, []])
  })

  it.each([
    ['is away', (): Promise<never> => Promise.reject(away)],
    ['hangs', hang],
  ])('is on the next one after afterMs when the first %s, loudly', async (_, onIssue) => {
    const { clock, vault, glass, start } = bed({ afterMs: 8_000 })
    vault.onIssue = onIssue
    const { started } = await start()
    await clock.advance(7_999)
    expect(glass.asked).toBe(0)
    await clock.advance(1)
    const { credentials, user } = await started()
    expect(user()).toBe('glass')
    expect(warned).toEqual(['vault failed at the start: break-glass serves instead'])
    expect(credentials.status()).toMatchObject({
      source: 'break-glass (fallback)',
      health: { state: 'degraded', reasons: ['fallback'] },
    })
    await credentials.close()
    expect([glass.opened, glass.closed]).toEqual([1, 1])
  })

  it('waits for the first one for less than afterMs where it is back by then', async () => {
    const { clock, vault, glass, start } = bed()
    vault.cut()
    const { started } = await start()
    await clock.advance(5_000)
    vault.restore()
    await clock.advance(3_000)
    expect((await started()).user()).toBe('user-1')
    expect(glass.asked).toBe(0)
  })

  it('is on the next one at once when the first refuses', async () => {
    const { clock, vault, start } = bed()
    vault.cut(refused)
    const { started } = await start()
    await clock.advance(0)
    expect((await started()).user()).toBe('glass')
  })

  it('takes as many sources as there are', async () => {
    const { clock, vault, glass, start } = bed({ afterMs: 0 })
    vault.cut()
    glass.error = new Error('broken')
    const { started } = await start({}, [vault, glass, fixedLogin({ username: 'last', password: 'p' })])
    await clock.advance(0)
    expect((await started()).user()).toBe('last')
  })

  it('fails with what every source said: at once where all refuse, after startTimeoutMs where one is away', async () => {
    const all = bed()
    all.vault.cut(refused)
    all.glass.error = refused
    const { starting } = await all.start()
    await all.clock.advance(0)
    await expect(starting).rejects.toMatchObject({ code: 'ERR_NO_SOURCE', errors: [refused, refused], retryable: false })

    const one = bed()
    one.vault.cut()
    one.glass.error = refused
    const second = (await one.start()).starting
    await one.clock.advance(31_000)
    const error: unknown = await second.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_START_TIMEOUT', cause: expect.any(NoSourceError) })
    expect(one.glass.closed).toBe(1)
    expect(one.calls).toContain('close source')
  })
})

it('gives Vault’s token back, though the first logins failed', async () => {
  const good = goodVault()
  let failures = 2
  const server = await fakeVault((response, seen) => (failures-- > 0 ? json(503, { errors: [] }) : good.answer)(response, seen))
  const vault = vaultClient({
    address: server.address,
    auth: { method: 'approle', roleId: 'app', secretId: 'the-secret-id' },
  })
  const glass = new BreakGlass()
  glass.error = new Error('not there yet')
  const credentials = await LeasedCredentials.start(fallback([vault.dynamicRole({ role: 'app' }), glass], { afterMs: 0 }))
  expect(credentials.current().username).toBe('v-app-1')
  expect(server.seen.filter(({ path }) => path.endsWith('/login'))).toHaveLength(3)
  await credentials.close()
  await vault.close()
  expect([good.state.live.size, glass.opened, glass.closed]).toEqual([0, 1, 1])
  await server.close()
})

describe('options', () => {
  const glass = new BreakGlass()
  it.each<[() => unknown, string]>([
    [() => fallback([glass]), 'fallback'],
    [() => fallback(glass as never), 'fallback'],
    [() => fallback([glass, {} as never]), 'fallback[1]'],
    [() => fallback([glass, glass]), 'fallback[1]'],
    [() => fallback([fallback([glass, new BreakGlass()]), glass]), 'fallback[0]'],
    [() => fallback([glass, new BreakGlass()], { afterMs: -1 }), 'fallback.afterMs'],
    [() => fallback([glass, new BreakGlass()], { after: 1 } as never), 'fallback.after'],
    [() => fixedLogin({ username: 'a', password: '' }), 'fixedLogin.password'],
  ])('%s names what is wrong', (make, option) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }))
  })
})
