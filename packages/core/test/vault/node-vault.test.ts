import nodeVault from 'node-vault'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { vaultCredentials } from '../../src/vault-credentials'
import { vaultClient } from '../../src/vault-client'
import type { NodeVaultClient } from '../../src/vault/node-vault'
import { fakeVault, goodVault, json, text, type Answer, type FakeVault } from '../support/fake-vault'
import { shown } from '../support/logins'

/** A client of node-vault that the app has made, as it is: with its own way of sending requests. */
const auth = { method: 'approle', roleId: 'role', secretId: 'the-secret-id' } as const
let vault: FakeVault
let good: ReturnType<typeof goodVault>
let client: NodeVaultClient & { token: string }
beforeEach(async () => {
  good = goodVault()
  vault = await fakeVault(good.answer)
  client = nodeVault({ endpoint: vault.address, token: 'token-of-the-app' }) as never
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await vault.close()
})

it('serves with its login: a user, a rotation, all given back', async () => {
  const credentials = await vaultCredentials({ nodeVault: client, auth, role: 'app' })
  await credentials.rotate()
  await credentials.close()
  expect(credentials.status().source).toBe(`vault database/creds/app at ${vault.address}`)
  expect(vault.seen.map(({ path }) => path)).toEqual([
    'auth/approle/login',
    'sys/capabilities-self',
    'database/creds/app',
    'database/creds/app',
    'sys/leases/revoke',
    'sys/leases/revoke',
    'auth/token/revoke-self',
  ])
  expect(new Set(vault.seen.slice(1).map(({ token }) => token))).toEqual(new Set(['token-number-1']))
})

it('gives its token where there is no login, which stays', async () => {
  good.state.live.add('token-of-the-app')
  const credentials = await vaultCredentials({ nodeVault: client, role: 'app' })
  await credentials.close()
  expect(new Set(vault.seen.map(({ token }) => token))).toEqual(new Set(['token-of-the-app']))
  expect(vault.seen.map(({ path }) => path)).not.toContain('auth/token/revoke-self')
})

describe('its failures become ours, without what it sent', () => {
  it.each<[string, Answer | 'gone', object]>([
    ['a refusal', json(400, { errors: ['no role for the-secret-id'] }), { code: 'ERR_VAULT_REFUSED', status: 400, reasons: ['no role for [secret]'] }],
    ['sealed', json(503, { errors: ['Vault is sealed'] }), { code: 'ERR_VAULT_UNAVAILABLE', status: 503 }],
    ['a page of a proxy', text(403, '<html>the-secret-id</html>'), { code: 'ERR_VAULT_ANSWER', status: 403 }],
    ['nobody there', 'gone', { code: 'ERR_VAULT_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') as string }],
    ['cut off', (response) => response.destroy(), { code: 'ERR_VAULT_UNAVAILABLE' }],
    ['no answer', () => undefined, { code: 'ERR_VAULT_UNAVAILABLE', message: expect.stringContaining('no answer within 100 ms') as string }],
    ['another status', text(202, ''), { code: 'ERR_VAULT_UNAVAILABLE', status: 202 }],
  ])('%s', async (what, answer, expected) => {
    if (answer === 'gone') await vault.close()
    else vault.answer = answer
    const starting = vaultCredentials({ nodeVault: client, auth, role: 'app', requestTimeoutMs: what === 'no answer' ? 100 : 10_000, startTimeoutMs: 1_000 })
    const error = (await starting.catch((cause: unknown) => cause)) as Error
    const failure = 'code' in error && error.code === 'ERR_START_TIMEOUT' ? error.cause : error
    expect(failure).toMatchObject({ address: vault.address, path: 'auth/approle/login', ...expected })
    for (const secret of ['the-secret-id', 'token-of-the-app']) expect(shown(error)).not.toContain(secret)
    if (answer === 'gone') vault = await fakeVault(good.answer)
  }) // prettier-ignore
})

it.each<[string, object, string]>([
  ['an address', { address: 'http://elsewhere' }, 'vaultClient.address'],
  ['a namespace', { namespace: 'team' }, 'vaultClient.namespace'],
  ['a server name', { serverName: 'vault' }, 'vaultClient.serverName'],
  ['a login by certificate', { auth: { method: 'cert' } }, 'vaultClient.auth'],
])('takes nothing beside it that it has itself: %s', (_, more, option) => {
  expect(() => vaultClient({ nodeVault: client, ...more })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION', option }) as Error,
  )
})

it.each([[{}], ['client'], [{ read: () => undefined, write: () => undefined }]])('refuses what is no client: %o', (wrong) => {
  expect(() => vaultClient({ nodeVault: wrong as never })).toThrow('a client that node-vault made')
})
