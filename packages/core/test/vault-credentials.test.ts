import { runWith } from './support/bundle'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OptionError, StartTimeoutError, VaultRefusedError } from '../src/errors'
import { fixedCredentials } from '../src/sources/fixed'
import { vaultCredentials, type VaultCredentialsOptions } from '../src/vault-credentials'
import { fakeVault, goodVault, json, text, type Answer, type FakeVault } from './support/fake-vault'

const auth = { method: 'approle', roleId: 'app', secretId: 'the-secret-id' } as const
let vault: FakeVault
let good: ReturnType<typeof goodVault>
beforeEach(async () => {
  good = goodVault()
  vault = await fakeVault(good.answer)
  for (const name of ['ADDR', 'TOKEN', 'NAMESPACE', 'CACERT', 'SKIP_VERIFY']) {
    vi.stubEnv(`VAULT_${name}`, undefined)
    vi.stubEnv(`BAO_${name}`, undefined)
  }
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await vault.close()
})

const get = (options: object = {}) =>
  vaultCredentials({ address: vault.address, auth, role: 'app', ...options } as VaultCredentialsOptions)

it('logs in, issues a credential, and gives it and the token back at the end', async () => {
  const credentials = await get()
  expect(credentials.current()).toMatchObject({ generation: 1, username: 'v-app-1', password: 'password-number-1' })
  await credentials.close()
  expect(vault.seen.map(({ path }) => path)).toEqual([
    'auth/approle/login',
    'sys/capabilities-self',
    'database/creds/app',
    'sys/leases/revoke',
    'auth/token/revoke-self',
  ])
  expect(good.state.live.size).toBe(0)
})

describe("the role's max_ttl", () => {
  const asked = (path: string): number => vault.seen.filter((one) => one.path === path).length

  it('is read where the policy allows it', async () => {
    good.state.mayReadRole = true
    const credentials = await get()
    expect(credentials.status()).toMatchObject({ maxTtlMs: 7_200_000, rotatesInMs: expect.any(Number) as number })
    await credentials.close()
  })

  it('is not asked for where it does not, nor where it is given', async () => {
    const unknown = await get()
    expect(unknown.status().maxTtlMs).toBeUndefined()
    const given = await get({ maxTtlMs: 60_000 })
    expect(given.status().maxTtlMs).toBe(60_000)
    expect(asked('sys/capabilities-self')).toBe(1)
    expect(asked('database/roles/app')).toBe(0)
    await Promise.all([unknown.close(), given.close()])
  })

  it.each<[string, Answer]>([
    ['is refused', json(403, { errors: ['permission denied'] })],
    ['fails', text(500, 'no')],
    ['is answered with something else', json(200, { data: null })],
  ])('is no reason to fail when asking for it %s', async (_, answer) => {
    vault.answer = (response, seen) => (seen.path === 'sys/capabilities-self' ? answer : good.answer)(response, seen)
    const credentials = await get()
    expect(credentials.status().maxTtlMs).toBeUndefined()
    await credentials.close()
  })
})

describe('options', () => {
  it.each<[object, string]>([
    [{ address: 'vault:8200' }, 'vaultCredentials.address'],
    [{ address: undefined }, 'vaultCredentials.address'],
    [{ auth: undefined }, 'vaultCredentials.auth'],
    [{ auth: 'hvs.a-token' }, 'vaultCredentials.auth'],
    [{ auth: { method: 'okta' } }, 'vaultCredentials.auth.method'],
    [{ auth: { method: 'ldap' } }, 'vaultCredentials.auth.username'],
    [{ auth: { method: 'token' } }, 'vaultCredentials.auth.token'],
    [{ auth: { method: 'approle' } }, 'vaultCredentials.auth.roleId'],
    [{ auth: { ...auth, secretID: 'x' } }, 'vaultCredentials.auth.secretID'],
    [{ auth: { ...auth, secretId: '' } }, 'vaultCredentials.auth.secretId'],
    [{ auth: { ...auth, mount: '../sys' } }, 'vaultCredentials.auth.mount'],
    [{ role: undefined }, 'vaultCredentials.role'],
    [{ maxTtlMs: 10 }, 'vaultCredentials.maxTtlMs'],
    [{ maxTtlMs: 60_000, drainDeadlineMs: 60_000 }, 'vaultCredentials.drainDeadlineMs'],
    [{ maxTtlMs: 60_000, databaseClockAheadMs: 90_000 }, 'vaultCredentials.databaseClockAheadMs'],
    [{ namespace: '' }, 'vaultCredentials.namespace'],
    [{ ca: Buffer.from('pem') }, 'vaultCredentials.ca'],
    [{ requestTimeoutMs: 2 ** 31 }, 'vaultCredentials.requestTimeoutMs'],
    [{ rotateFraction: 2 }, 'vaultCredentials.rotateFraction'],
    [{ drainDeadlineMs: '5' }, 'vaultCredentials.drainDeadlineMs'],
    [{ probeTimeoutMs: 0 }, 'vaultCredentials.probeTimeoutMs'],
    [{ startTimeoutMs: 0 }, 'vaultCredentials.startTimeoutMs'],
    [{ closeTimeoutMs: -1 }, 'vaultCredentials.closeTimeoutMs'],
    [{ clock: {} }, 'vaultCredentials.clock'],
    [{ random: 1 }, 'vaultCredentials.random'],
    [{ adress: 'http://vault' }, 'vaultCredentials.adress'],
  ])('refuses %o before anything is asked for', async (options, option) => {
    const error: unknown = await get(options).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(OptionError)
    expect((error as OptionError).option).toBe(option)
    expect(inspect(error, { showHidden: true })).not.toMatch(/hvs\.a-token|the-secret-id/)
    expect(vault.seen).toEqual([])
  })

  it.each(['..', '.', 'a/b', '../sys/x', '%2e%2e', 'a%2fb', 'a?b', 'a#b', 'a b', 'a\\b', '', 'a\nb'])(
    'refuses the role %j',
    async (role) => {
      await expect(get({ role })).rejects.toMatchObject({ code: 'ERR_OPTION', option: 'vaultCredentials.role' })
    },
  )

  it.each(['..', 'a/../b', '/database', 'database/', 'a//b', './a', '%2e%2e/sys', 'a?b', ''])(
    'refuses the mount %j',
    async (mount) => {
      await expect(get({ mount })).rejects.toMatchObject({ code: 'ERR_OPTION', option: 'vaultCredentials.mount' })
    },
  )

  it('sends names with odd letters as they are', async () => {
    await get({ mount: 'team/db', role: "o'brien=&" }).catch(() => undefined)
    expect(vault.seen[1]!.body).toEqual({ paths: ["team/db/roles/o'brien=&"] })
    expect(decodeURIComponent(vault.seen[2]!.path)).toBe("team/db/creds/o'brien=&")
  })
})

describe('the environment', () => {
  it.each(['VAULT', 'BAO'])('gives address, token and namespace as %s_*', async (prefix) => {
    vi.stubEnv(`${prefix}_ADDR`, vault.address)
    vi.stubEnv(`${prefix}_TOKEN`, 'token-of-others')
    vi.stubEnv(`${prefix}_NAMESPACE`, 'team-a')
    good.state.live.add('token-of-others')
    const credentials = await vaultCredentials({ role: 'app' })
    await credentials.close()
    expect(vault.seen[0]).toMatchObject({ path: 'auth/token/lookup-self', token: 'token-of-others' })
    expect(vault.seen[0]!.headers['x-vault-namespace']).toBe('team-a')
    expect(good.state.live.has('token-of-others')).toBe(true)
  })

  it('is second to options', async () => {
    vi.stubEnv('VAULT_ADDR', 'http://127.0.0.1:1')
    vi.stubEnv('VAULT_TOKEN', 'token-of-others')
    const credentials = await get()
    await credentials.close()
    expect(vault.seen.map(({ token }) => token)).not.toContain('token-of-others')
  })

  it('is refused when VAULT_ADDR is no URL', async () => {
    vi.stubEnv('VAULT_ADDR', 'vault:8200')
    await expect(get({ address: undefined })).rejects.toMatchObject({ code: 'ERR_OPTION', option: 'VAULT_ADDR or BAO_ADDR' })
  })
})

describe('a start that fails', () => {
  it('names address, attempts and last cause when Vault is not there', async () => {
    const { address } = vault
    await vault.close()
    const startMs = performance.now()
    const error: unknown = await get({ address, startTimeoutMs: 2_000 }).catch((cause: unknown) => cause)
    expect(performance.now() - startMs).toBeLessThan(2_000 + 1_400)
    expect(error).toBeInstanceOf(StartTimeoutError)
    const { attempts, message, cause } = error as StartTimeoutError
    expect(attempts).toBeGreaterThan(1)
    expect(message).toContain(`in ${attempts} attempts`)
    expect(message).toContain(address)
    expect(message).toContain('ECONNREFUSED')
    expect(cause).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
    vault = await fakeVault(good.answer)
  })

  it.each<[string, object, number]>([
    ['a wrong secret_id', { auth: { ...auth, secretId: 'another' } }, 400],
    ['a dead token', { auth: { method: 'token', token: 'dead-token' } }, 403],
    ['an unknown role', { role: 'other' }, 400],
    ['no permission', { mount: 'elsewhere' }, 403],
  ])('rejects at once for %s', async (_, options, status) => {
    const error: unknown = await get(options).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(VaultRefusedError)
    expect((error as VaultRefusedError).status).toBe(status)
    expect(inspect(error, { showHidden: true })).not.toMatch(/the-secret-id|dead-token|another/)
    expect(vault.seen.length).toBeLessThan(6)
  })

  it('gives back the token that it had logged in for', async () => {
    await get({ role: 'other' }).catch(() => undefined)
    expect(vault.seen.map(({ path }) => path)).toContain('auth/token/revoke-self')
    expect(good.state.live.size).toBe(0)
  })

  it('goes on trying while Vault is sealed', async () => {
    vault.answer = (response, seen) =>
      (vault.seen.length < 3 ? json(503, { errors: ['Vault is sealed'] }) : good.answer)(response, seen)
    const credentials = await get()
    expect(credentials.current().username).toBe('v-app-1')
    await credentials.close()
  })
})

describe('fixedCredentials', () => {
  it('rotates to a new generation with the same login', async () => {
    const credentials = await fixedCredentials({ username: 'u', password: 'p-of-fixed' })
    await credentials.rotate()
    expect(credentials.current()).toMatchObject({ generation: 2, username: 'u', password: 'p-of-fixed' })
    expect(credentials.status().endsInMs).toBeUndefined()
    await credentials.close()
  })

  it('refuses a missing password without showing anything', async () => {
    await expect(fixedCredentials({ username: 'u' } as never)).rejects.toMatchObject({ option: 'fixedCredentials.password' })
  })
})

it('keeps the process alive while it waits for Vault to come, and says in the end that it did not', async () => {
  const script = `leasepool
    .vaultCredentials({ address: 'http://127.0.0.1:9', auth: { method: 'token', token: 'some-token' }, role: 'app', startTimeoutMs: 3_000 })
    .catch((error) => console.log(error.code, error.attempts > 1))`
  expect(await runWith('index.ts', script)).toBe('ERR_START_TIMEOUT true\n')
})

it('keeps the process alive until close() has given everything back', async () => {
  const script = `
    let tries = 0
    const nowMs = performance.now()
    const lease = { id: 'one', issuedAtMs: nowMs, renewedAtMs: nowMs, endsAtMs: nowMs + 3600000, ttlMs: 3600000, renewable: true, truncated: false }
    const source = {
      description: 'busy',
      issue: async () => ({ username: 'u', password: 'p', lease }),
      revoke: async () => { if ((tries += 1) < 3) throw new Error('not now'); console.log('given back') },
    }
    leasepool.LeasedCredentials.start(source).then((credentials) => credentials.close()).then(() => console.log('closed'))`
  expect(await runWith('index.ts', script)).toBe('given back\nclosed\n')
})

it.each(['with a line break\n', 'with a space', ''])(
  'a token that cannot be sent as a header is refused at once: %j',
  async (token) => {
    await expect(
      vaultCredentials({ address: 'http://127.0.0.1:9', auth: { method: 'token', token }, role: 'app' }),
    ).rejects.toMatchObject({
      code: 'ERR_OPTION',
      option: 'vaultCredentials.auth.token',
    })
  },
)
