import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OptionError, VaultLoginError, VaultRefusedError } from '../../../src/errors'
import { fakeVault, json, type Answer, type FakeVault } from '../../support/fake-vault'
import { folder, grant, made, shown } from '../../support/logins'

/** Vault with AppRole at `auth/apps`, and wrapping tokens that can be opened once. */
function vaultWithWrapping() {
  const state = {
    /** By wrapping token. */
    wrapped: new Map<string, { path: string; data: object }>(),
    /** Uses left, by secret_id. */
    secretIds: new Map<string, number>([['plain-secret-id', Infinity]]),
  }
  const wrap = (token: string, more: { path?: string; uses?: number; secretId?: string } = {}): void => {
    const { path = 'auth/apps/role/app/secret-id', uses = 0, secretId = `secret-id-in-${token}` } = more
    state.secretIds.set(secretId, uses === 0 ? Infinity : uses)
    state.wrapped.set(token, { path, data: { secret_id: secretId, secret_id_num_uses: uses, secret_id_ttl: 0 } })
  }
  const answer: Answer = (response, seen) => {
    const send = (status: number, content: object): void => json(status, content)(response, seen)
    const token = seen.path === 'sys/wrapping/lookup' ? (seen.body['token'] as string) : (seen.token ?? '')
    const held = state.wrapped.get(token)
    if (seen.path.startsWith('sys/wrapping/') && held === undefined)
      return send(400, { errors: [`wrapping token ${token} is not valid or does not exist`] })
    if (seen.path === 'sys/wrapping/lookup') return send(200, { data: { creation_path: held!.path, creation_ttl: 60 } })
    if (seen.path === 'sys/wrapping/unwrap') {
      state.wrapped.delete(token)
      return send(200, { data: held!.data })
    }
    const secretId = seen.body['secret_id'] as string
    const uses = state.secretIds.get(secretId) ?? 0
    if (uses === 0) return send(400, { errors: ['invalid role or secret ID'] })
    state.secretIds.set(secretId, uses - 1)
    return send(200, grant())
  }
  return { state, wrap, answer }
}

let vault: FakeVault
let fake: ReturnType<typeof vaultWithWrapping>
let files: ReturnType<typeof folder>
beforeEach(async () => {
  fake = vaultWithWrapping()
  vault = await fakeVault(fake.answer)
  files = folder()
})
afterEach(async () => {
  files.remove()
  await vault.close()
})

const appRole = (secretId: unknown, more: object = {}) =>
  made(vault, { method: 'approle', roleId: 'role-id', secretId, mount: 'apps', ...more })
const paths = (): string[] => vault.seen.map(({ path }) => path)
const LOGIN = 'auth/apps/login'

describe('role_id and secret_id', () => {
  it.each<[string, () => unknown]>([
    ['a text', () => 'plain-secret-id'],
    ['a file', () => ({ file: files.write('secret', 'plain-secret-id\n') })],
    ['a function', () => () => 'plain-secret-id'],
    ['a function that takes time', () => () => Promise.resolve('plain-secret-id')],
  ])('may be %s', async (_, secretId) => {
    await appRole(secretId(), { roleId: { file: files.write('role', 'role-id\n') } }).logIn()
    expect(vault.seen).toMatchObject([{ path: LOGIN, body: { role_id: 'role-id', secret_id: 'plain-secret-id' } }])
  })

  it('in a file are read again at every login', async () => {
    const file = files.write('secret', 'plain-secret-id')
    const { login, logIn, failure } = appRole({ file })
    await logIn()
    files.write('secret', 'unknown')
    expect(await failure()).toBeInstanceOf(VaultRefusedError)
    files.write('secret', 'plain-secret-id')
    await logIn()
    expect(login.canLogIn).toBe(true)
  })

  it('that never worked are refused in the words of Vault', async () => {
    const { login, failure } = appRole('wrong-secret-id')
    const error = await failure()
    expect(error).toBeInstanceOf(VaultRefusedError)
    expect(error.message).toContain('invalid role or secret ID')
    expect(login.canLogIn).toBe(true)
  })
})

describe('a secret_id that is used up', () => {
  it('is said to be, once Vault refuses what had worked, and is not tried again for its own sake', async () => {
    fake.state.secretIds.set('plain-secret-id', 1)
    const { login, logIn, failure } = appRole('plain-secret-id')
    await logIn()
    expect(login.canLogIn).toBe(true) // as far as anybody can know
    const error = await failure()
    expect(error).toBeInstanceOf(VaultLoginError)
    expect(error).toMatchObject({ reason: 'secret-id-refused', retryable: false, path: LOGIN })
    expect(login.canLogIn).toBe(false)
    expect(shown(error)).not.toMatch(/plain-secret-id/)
  })

  it('is known to be beforehand when it came wrapped, with its number of uses', async () => {
    fake.wrap('wrapping-token', { uses: 2 })
    const { login, logIn } = appRole({ wrapped: 'wrapping-token' })
    await logIn()
    expect(login.canLogIn).toBe(true)
    await logIn()
    expect(login.canLogIn).toBe(false)
  })

  it('may be followed by another in its file', async () => {
    fake.state.secretIds.set('plain-secret-id', 1).set('the-next-secret-id', 1)
    const { login, logIn, failure } = appRole({ file: files.write('secret', 'plain-secret-id') })
    await logIn()
    expect(await failure()).toMatchObject({ reason: 'secret-id-refused' })
    expect(login.canLogIn).toBe(true)
    files.write('secret', 'the-next-secret-id')
    await logIn()
  })

  it('is not what a Vault that is away, or a lock-out, is taken for', async () => {
    const { login, logIn, failure } = appRole('plain-secret-id')
    await logIn()
    vault.answer = json(503, { errors: ['Vault is sealed'] })
    expect(await failure()).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
    vault.answer = json(403, { errors: ['permission denied'] })
    expect(await failure()).toMatchObject({ code: 'ERR_VAULT_REFUSED' })
    expect(login.canLogIn).toBe(true)
  })
})

describe('a wrapped secret_id', () => {
  it('is looked at first, unwrapped once, and kept', async () => {
    fake.wrap('wrapping-token')
    const { logIn } = appRole({ wrapped: { file: files.write('wrapped', 'wrapping-token\n') } })
    await logIn()
    await logIn()
    expect(paths()).toEqual(['sys/wrapping/lookup', 'sys/wrapping/unwrap', LOGIN, LOGIN])
    expect(vault.seen.at(-1)!.body).toEqual({ role_id: 'role-id', secret_id: 'secret-id-in-wrapping-token' })
  })

  it('is kept also when the login after unwrapping failed', async () => {
    fake.wrap('wrapping-token')
    vault.answer = (response, seen) =>
      (seen.path === LOGIN ? json(503, { errors: ['Vault is sealed'] }) : fake.answer)(response, seen)
    const { logIn, failure } = appRole({ wrapped: 'wrapping-token' })
    expect(await failure()).toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE' })
    vault.answer = fake.answer
    await logIn()
    expect(paths().filter((path) => path === 'sys/wrapping/unwrap')).toHaveLength(1)
  })

  it('is followed by another in its file', async () => {
    fake.wrap('first-wrapping')
    fake.wrap('second-wrapping')
    const { logIn } = appRole({ wrapped: { file: files.write('wrapped', 'first-wrapping') } })
    await logIn()
    files.write('wrapped', 'second-wrapping')
    await logIn()
    expect(vault.seen.at(-1)!.body['secret_id']).toBe('secret-id-in-second-wrapping')
  })

  it.each([
    ['sys/wrapping/wrap', undefined],
    ['auth/other/role/app/secret-id', undefined],
    ['auth/apps/role/app/secret-id/more', undefined],
    ['auth/apps/role/a/b/secret-id', undefined],
    ['x/auth/apps/role/app/secret-id', undefined],
    ['auth/apps/role/other/secret-id', 'auth/apps/role/app/secret-id'],
    ['auth/apps/role/app/secret-idx', 'auth/apps/role/app/secret-id'],
    ['auth/appsXrole/app/secret-id', 'auth/apps.role/app/secret-id'],
  ])('made by %s is refused as tampered with, and left alone', async (path, creationPath) => {
    fake.wrap('wrapping-token', { path })
    const error = await appRole({ wrapped: 'wrapping-token', ...(creationPath && { creationPath }) }).failure()
    expect(error).toBeInstanceOf(VaultLoginError)
    expect(error).toMatchObject({ reason: 'wrapping-token-tampered', retryable: false })
    expect(error.message).toContain(path)
    expect(shown(error)).not.toContain('wrapping-token"')
    expect(paths()).toEqual(['sys/wrapping/lookup'])
  })

  it('is taken from the path that is given', async () => {
    fake.wrap('wrapping-token', { path: 'auth/apps/role/app/custom-secret-id' })
    await appRole({ wrapped: 'wrapping-token', creationPath: 'auth/apps/role/app/custom-secret-id' }).logIn()
  })

  it('that somebody has unwrapped is refused with a warning, without being shown', async () => {
    const error = await appRole({ wrapped: 'hvs.wrapping-of-others' }).failure()
    expect(error).toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'wrapping-token-used', retryable: false })
    expect(error.message).toContain('intercepted')
    expect(shown(error)).not.toContain('hvs.wrapping-of-others')
  })

  it('that is unwrapped by somebody between the look and the unwrapping is refused the same', async () => {
    fake.wrap('wrapping-token')
    vault.answer = (response, seen) => {
      fake.answer(response, seen)
      fake.state.wrapped.clear()
    }
    expect(await appRole({ wrapped: 'wrapping-token' }).failure()).toMatchObject({ reason: 'wrapping-token-used' })
    expect(paths()).toEqual(['sys/wrapping/lookup', 'sys/wrapping/unwrap'])
  })

  it('without a secret_id in it is no answer of Vault', async () => {
    fake.state.wrapped.set('wrapping-token', { path: 'auth/apps/role/app/secret-id', data: { foo: 'bar' } })
    expect(await appRole({ wrapped: 'wrapping-token' }).failure()).toMatchObject({ code: 'ERR_VAULT_ANSWER' })
  })
})

describe('options', () => {
  it.each<[object, string]>([
    [{ roleId: 5 }, 'auth.roleId'],
    [{ secretId: {} }, 'auth.secretId'],
    [{ secretId: { wrapped: '' } }, 'auth.secretId'],
    [{ secretId: { wrapped: () => 'x' } }, 'auth.secretId'],
    [{ secretId: { wrapped: 'x', creationPath: '/a//b' } }, 'auth.secretId'],
    [{ secretId: { wrapped: 'x', path: 'y' } }, 'auth.secretId'],
    [{ secretId: { wrapped: { file: 5 } } }, 'auth.secretId'],
  ])('refuses %j', (options, option) => {
    let error: unknown
    try {
      made(vault, { method: 'approle', roleId: 'role-id', ...options })
    } catch (cause) {
      error = cause
    }
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option })
  })
})
