import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OptionError, VaultAnswerError, VaultLoginError, VaultRefusedError } from '../../../src/errors'
import { loginOf, type VaultAuth } from '../../../src/vault/auth/auth'
import { fakeVault, json, type FakeVault } from '../../support/fake-vault'
import { folder, grant, made, shown } from '../../support/logins'

const SECRET = 'a-very-secret-text'
let vault: FakeVault
let files: ReturnType<typeof folder>
beforeEach(async () => {
  vault = await fakeVault(json(200, grant()))
  files = folder()
})
afterEach(async () => {
  files.remove()
  await vault.close()
})

const jwtPath = (): string => files.write('jwt', `${SECRET}\n`)

describe('what is sent', () => {
  it.each<[string, () => object, string, object]>([
    ['kubernetes', () => ({ role: 'app', jwtPath: jwtPath() }), 'auth/kubernetes/login', { role: 'app', jwt: SECRET }],
    [
      'kubernetes',
      () => ({ role: 'app', jwtPath: jwtPath(), mount: 'k8s/eu' }),
      'auth/k8s/eu/login',
      { role: 'app', jwt: SECRET },
    ],
    ['jwt', () => ({ jwt: SECRET }), 'auth/jwt/login', { jwt: SECRET }],
    ['jwt', () => ({ role: 'ci', jwt: { file: jwtPath() }, mount: 'ci' }), 'auth/ci/login', { role: 'ci', jwt: SECRET }],
    ['jwt', () => ({ jwt: () => Promise.resolve(SECRET) }), 'auth/jwt/login', { jwt: SECRET }],
    ['userpass', () => ({ username: 'amy', password: SECRET }), 'auth/userpass/login/amy', { password: SECRET }],
    ['userpass', () => ({ username: 'a b/c', password: () => SECRET }), 'auth/userpass/login/a%20b%2Fc', { password: SECRET }],
    ['ldap', () => ({ username: 'amy', password: { file: jwtPath() } }), 'auth/ldap/login/amy', { password: SECRET }],
    ['ldap', () => ({ username: 'amy', password: SECRET, mount: 'corp' }), 'auth/corp/login/amy', { password: SECRET }],
  ])('%s %#', async (method, options, path, body) => {
    const { login, logIn } = made(vault, { method, ...options() })
    expect(await logIn()).toMatchObject({ token: 'the-token', ttlMs: 3_600_000, renewable: true })
    expect(vault.seen).toMatchObject([{ method: 'POST', path, body }])
    expect(vault.seen[0]!.token).toBeUndefined()
    expect(login).toMatchObject({ method, canLogIn: true, ownsToken: true })
  })

  it('is read again at every login', async () => {
    const { logIn } = made(vault, { method: 'kubernetes', role: 'app', jwtPath: jwtPath() })
    await logIn()
    files.write('jwt', 'the-next-one')
    await logIn()
    expect(vault.seen.map(({ body }) => body['jwt'])).toEqual([SECRET, 'the-next-one'])
  })

  it('keeps the spaces of a password in a file, and takes off one line break', async () => {
    const file = files.write('password', ' pass word \n\r\n')
    await made(vault, { method: 'userpass', username: 'amy', password: { file } }).logIn()
    expect(vault.seen[0]!.body).toEqual({ password: ' pass word \n' })
  })
})

describe('a secret that cannot be had', () => {
  const bySecret = (password: unknown): object => ({ method: 'userpass', username: 'amy', password })

  it.each<[string, () => object, RegExp]>([
    ['no file', () => bySecret({ file: files.path('none') }), /The password could not be read, the file .*none failed: ENOENT/],
    ['an empty file', () => bySecret({ file: files.write('empty', '\n') }), /the file .*empty is empty/],
    ['a function that fails', () => bySecret(() => Promise.reject(new Error('no vault of vaults'))), /its function failed/],
    ['a function without a text', () => bySecret(() => undefined), /its function gave no text/],
    ['no token of a service account', () => ({ method: 'kubernetes', role: 'a', jwtPath: '/none' }), /service account token/],
  ])('is worth another try, and nothing is asked: %s', async (_, auth, message) => {
    const error = await made(vault, auth()).failure()
    expect(error).toBeInstanceOf(VaultLoginError)
    expect(error).toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'secret-unreadable', retryable: true })
    expect(error.message).toMatch(message)
    expect(vault.seen).toEqual([])
  })
})

describe('a token of no use', () => {
  const auth = { method: 'userpass', username: 'amy', password: SECRET }

  it('because of a second factor is refused for good', async () => {
    const more = { client_token: '', lease_duration: 0, mfa_requirement: { mfa_request_id: 'x', mfa_constraints: {} } }
    vault.answer = json(200, grant(more))
    expect(await made(vault, auth).failure()).toMatchObject({ reason: 'mfa-required', retryable: false })
  })

  it('because of limited uses is refused for good, without being shown', async () => {
    vault.answer = json(200, grant({ num_uses: 3 }))
    const error = await made(vault, auth).failure()
    expect(error).toMatchObject({ reason: 'limited-uses', retryable: false })
    expect(shown(error)).not.toMatch(/the-token/)
  })

  it.each([3, -1])('because of %i uses is found when somebody else made it', async (num_uses) => {
    vault.answer = json(200, { data: { ttl: 60, num_uses, renewable: true } })
    const error = await made(vault, { method: 'token', token: 'token-of-others' }).failure()
    expect(error).toMatchObject({ reason: 'limited-uses', retryable: false })
    expect(shown(error)).not.toMatch(/token-of-others/)
  })
})

it.each<[string, () => object]>([
  ['kubernetes', () => ({ role: 'app', jwtPath: jwtPath() })],
  ['jwt', () => ({ jwt: SECRET })],
  ['userpass', () => ({ username: 'amy', password: SECRET })],
  ['ldap', () => ({ username: 'amy', password: () => SECRET })],
])('a refusal of %s shows no secret, though the server repeats it', async (method, options) => {
  vault.answer = (response, seen) =>
    json(400, { errors: [`no: ${Object.values(seen.body).join(' ')}`], data: { token: 'the-token' } })(response, seen)
  const error = await made(vault, { method, ...options() }).failure()
  expect(error).toBeInstanceOf(VaultRefusedError)
  expect(shown(error)).not.toMatch(/a-very-secret-text|the-token/)
})

describe('a login of your own', () => {
  it('asks what it likes and gives the answer of Vault', async () => {
    const { login, logIn } = made(vault, {
      login: async (client: { read(path: string): unknown; write(path: string, body: object): unknown }) => {
        await client.read('auth/github/config')
        return client.write('auth/github/login', { token: SECRET })
      },
    })
    expect(await logIn()).toMatchObject({ token: 'the-token', ttlMs: 3_600_000 })
    expect(vault.seen).toMatchObject([
      { method: 'GET', path: 'auth/github/config', token: undefined },
      { method: 'POST', path: 'auth/github/login', body: { token: SECRET } },
    ])
    expect(login).toMatchObject({ method: 'custom', canLogIn: true, ownsToken: true })
  })

  it.each([undefined, 'the-token', {}, { auth: {} }, { auth: { client_token: 'the-token' } }])(
    'is refused when it gives something else: %j',
    async (answer) => {
      const error = await made(vault, { login: () => Promise.resolve(answer) }).failure()
      expect(error).toBeInstanceOf(VaultAnswerError)
      expect(shown(error)).not.toMatch(/the-token/)
    },
  )

  it('passes its own failure on', async () => {
    expect((await made(vault, { login: () => Promise.reject(new Error('mine')) }).failure()).message).toBe('mine')
  })
})

describe('options', () => {
  it.each<[object, string]>([
    [{ method: 'kubernetes' }, 'auth.role'],
    [{ method: 'kubernetes', role: 'a', jwtPath: '' }, 'auth.jwtPath'],
    [{ method: 'kubernetes', role: 'a', jwt: SECRET }, 'auth.jwt'],
    [{ method: 'jwt' }, 'auth.jwt'],
    [{ method: 'jwt', jwt: { file: '' } }, 'auth.jwt'],
    [{ method: 'jwt', jwt: { file: 'x', path: SECRET } }, 'auth.jwt'],
    [{ method: 'jwt', jwt: SECRET, mount: '../x' }, 'auth.mount'],
    [{ method: 'userpass', username: 'amy' }, 'auth.password'],
    [{ method: 'userpass', password: SECRET }, 'auth.username'],
    [{ method: 'ldap', username: '', password: SECRET }, 'auth.username'],
    [{ method: 'ldap', username: 'amy', passwort: SECRET }, 'auth.passwort'],
    [{ login: SECRET }, 'auth.login'],
    [{ login: () => undefined, role: 'x' }, 'auth.role'],
    [{ method: SECRET.length }, 'auth.method'],
    [{}, 'auth.method'],
  ])('refuses %j', (auth, option) => {
    let error: unknown
    try {
      loginOf('auth', auth as VaultAuth)
    } catch (cause) {
      error = cause
    }
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option })
    expect(shown(error)).not.toMatch(/a-very-secret-text/)
  })
})
