import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LeasedCredentials } from '../src/leased-credentials'
import { vaultClient, type Vault } from '../src/vault-client'
import { fakeVault, goodVault, type FakeVault } from './support/fake-vault'

const auth = { method: 'approle', roleId: 'app', secretId: 'the-secret-id' } as const
let server: FakeVault
let good: ReturnType<typeof goodVault>
let vault: Vault
beforeEach(async () => {
  good = goodVault()
  server = await fakeVault(good.answer)
  vault = vaultClient({ address: server.address, auth })
})
afterEach(() => server.close())

const paths = (): string[] => server.seen.map(({ path }) => path)
const asked = (path: string): number => paths().filter((one) => one === path).length

describe('one client for several credentials', () => {
  it('asks nothing before it is needed, and logs in once for all', async () => {
    expect(paths()).toEqual([])
    const all = await Promise.all([1, 2, 3].map(() => vault.credentials({ role: 'app' })))
    expect(all.map((one) => one.current().username).toSorted()).toEqual(['v-app-1', 'v-app-2', 'v-app-3'])
    expect(asked('auth/approle/login')).toBe(1)
    await vault.close()
  })

  it('keeps the token when the last credentials close, in any order, and revokes it at its own end', async () => {
    const [a, b] = [await vault.credentials({ role: 'app' }), await vault.credentials({ role: 'app' })]
    await b.close()
    await a.close()
    expect(asked('auth/token/revoke-self')).toBe(0)
    const c = await vault.credentials({ role: 'app' })
    expect(asked('auth/approle/login')).toBe(1)
    await vault.close()
    expect(() => c.current()).toThrow('closed')
    expect(paths().slice(-2)).toEqual(['sys/leases/revoke', 'auth/token/revoke-self'])
    expect(good.state.live.size).toBe(0)
    await expect(vault.credentials({ role: 'app' })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('goes on after credentials of an unknown role', async () => {
    await expect(vault.credentials({ role: 'other' })).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 400 })
    const credentials = await vault.credentials({ role: 'app' })
    expect(credentials.current().username).toBe('v-app-1')
    await vault.close()
  })

  it('tells everybody when the token changes', async () => {
    const [a, b] = [await vault.credentials({ role: 'app' }), await vault.credentials({ role: 'app' })]
    const told: string[] = []
    a.on('loggedIn', () => told.push('a'))
    b.on('loggedIn', () => told.push('b'))
    good.state.live.clear()
    await Promise.all([a.rotate(), b.rotate()])
    expect(told.toSorted()).toEqual(['a', 'b'])
    expect(asked('auth/approle/login')).toBe(2)
    await vault.close()
  })

  it('gives a source to start by oneself', async () => {
    const credentials = await LeasedCredentials.start(vault.dynamicRole({ role: 'app', mount: 'database' }))
    expect(credentials.current().username).toBe('v-app-1')
    await credentials.close()
    await vault.close()
    expect(good.state.live.size).toBe(0)
  })
})

describe('options', () => {
  it.each<[() => unknown, string]>([
    [() => vaultClient({ adress: 'x' } as never), 'vaultClient.adress'],
    [() => vaultClient({ address: 'vault', auth }), 'vaultClient.address'],
    [() => vaultClient({ address: 'http://vault', auth: { method: 'approle' } as never }), 'vaultClient.auth.roleId'],
    [() => vault.dynamicRole({ role: 'a/b' }), 'dynamicRole.role'],
  ])('%s names what is wrong', (make, option) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }))
  })

  it('are checked before anything is asked', async () => {
    await expect(vault.credentials({ role: 'app', maxTtlMs: 60_000, drainDeadlineMs: 90_000 })).rejects.toMatchObject({
      code: 'ERR_OPTION',
      option: 'credentials.drainDeadlineMs',
    })
    await expect(vault.credentials({ role: 'app', drainDeadline: 1 } as never)).rejects.toMatchObject({
      option: 'credentials.drainDeadline',
      expected: '"drainDeadlineMs"',
    })
    expect(paths()).toEqual([])
  })
})
