import { VaultRefusedError, type VaultAuth } from '@leasepool/core'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTokenReview } from '../conformance/token-review'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { keyPair, nowSeconds, signedJwt } from '../support/signed-jwt'

/**
 * Every login, the same for dev-vault (`npm test`) and for real Vault (`npm run test:vault`). Not here: `ldap`, which the Vault of the
 * tests is built without and dev-vault does not have.
 */
const keys = keyPair()
const PASSWORD = 'a-long-password'
let bed: TestBed
let folder: string
let cluster: Awaited<ReturnType<typeof startTokenReview>>
beforeAll(async () => {
  bed = await startTestBed({ defaultTtl: '20s', maxTtl: '1m' })
  folder = mkdtempSync(join(tmpdir(), 'leasepool-logins-'))
  cluster = await startTokenReview()
  await setUpMethods()
})
afterAll(async () => {
  await cluster.stop()
  await bed.stop()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  await bed.closeCredentials()
  await poll(
    'no leased user is left',
    () => bed.database.users(),
    (users) => users.length === 0,
    20_000,
  )
})

async function setUpMethods(): Promise<void> {
  const { api } = bed
  for (const type of ['kubernetes', 'jwt', 'userpass']) await api('POST', `sys/auth/${type}`, { type })
  const kubernetes = { kubernetes_host: cluster.host, pem_keys: [keys.publicKey], disable_local_ca_jwt: true }
  await api('POST', 'auth/kubernetes/config', kubernetes)
  const account = { bound_service_account_names: 'api', bound_service_account_namespaces: 'shop', audience: 'vault' }
  await api('POST', 'auth/kubernetes/role/app', { ...account, token_policies: 'app', token_ttl: 60 })
  await api('POST', 'auth/jwt/config', { jwt_validation_pubkeys: [keys.publicKey], bound_issuer: 'me', default_role: 'app' })
  const claims = { role_type: 'jwt', user_claim: 'sub', bound_audiences: 'shop' }
  await api('POST', 'auth/jwt/role/app', { ...claims, token_policies: 'app', token_ttl: 60 })
  await api('POST', 'auth/userpass/users/amy', { password: PASSWORD, token_policies: 'app', token_ttl: 60 })
}

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const times = () => ({ iat: nowSeconds(), nbf: nowSeconds(), exp: nowSeconds() + 600 })
const jwt = (more: object = {}): string => signedJwt({ ...times(), iss: 'me', sub: 'amy', aud: 'shop', ...more }, keys.privateKey)

function serviceAccountToken(name = 'api'): string {
  const about = { namespace: 'shop', serviceaccount: { name, uid: `uid-${name}` } }
  const sub = `system:serviceaccount:shop:${name}`
  return signedJwt({ ...times(), iss: 'https://cluster', sub, aud: ['vault'], 'kubernetes.io': about }, keys.privateKey)
}

/** The wrapped answer to a request. */
async function wrapped(path: string, body: object = {}): Promise<{ token: string } & Record<string, unknown>> {
  const headers = { 'X-Vault-Token': bed.vault.rootToken, 'X-Vault-Wrap-TTL': '60' }
  const response = await fetch(`${bed.vault.address}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return ((await response.json()) as { wrap_info: { token: string } }).wrap_info
}

const wrappedSecretId = async (more: object = {}): Promise<string> => (await wrapped('auth/apps/role/app/secret-id', more)).token

async function newToken(more: object = {}): Promise<string> {
  const created = (await bed.api('POST', 'auth/token/create', { policies: ['app'], ttl: '1m', ...more })) as {
    auth: { client_token: string }
  }
  return created.auth.client_token
}

const appRole = (secretId: unknown): VaultAuth =>
  ({ method: 'approle', mount: 'apps', roleId: bed.login.roleId, secretId }) as VaultAuth

const isAlive = (token: string): Promise<boolean> =>
  bed.api('POST', 'auth/token/lookup', { token }).then(
    () => true,
    () => false,
  )

describe('a login', () => {
  test.each<[string, () => VaultAuth | Promise<VaultAuth>]>([
    ['kubernetes', () => ({ method: 'kubernetes', role: 'app', jwtPath: file('sa', `${serviceAccountToken()}\n`) })],
    ['jwt, given', () => ({ method: 'jwt', role: 'app', jwt: jwt() })],
    ['jwt, of the default role, from a file', () => ({ method: 'jwt', jwt: { file: file('jwt', jwt()) } })],
    ['jwt, from a function', () => ({ method: 'jwt', role: 'app', jwt: () => Promise.resolve(jwt()) })],
    ['userpass', () => ({ method: 'userpass', username: 'amy', password: { file: file('password', `${PASSWORD}\n`) } })],
    ['approle', () => appRole(bed.login.secretId)],
    ['approle, from a file', () => appRole({ file: file('secret-id', `${bed.login.secretId}\n`) })],
    ['approle, wrapped', async () => appRole({ wrapped: await wrappedSecretId() })],
    ['token-file', async () => ({ method: 'token-file', path: file('sink', await newToken()) })],
    ['a function', () => ({ login: (vault) => vault.write('auth/userpass/login/amy', { password: PASSWORD }) })],
  ])('by %s gets database users, rotates and gives all back', async (_, auth) => {
    const credentials = await bed.credentials({ auth: await auth() })
    await credentials.rotate()
    expect(credentials.generation).toBe(2)
    expect(credentials.status().endsInMs).toBeGreaterThan(10_000)
    await credentials.close()
    expect(await bed.database.users()).toEqual([])
  })

  test.each<[string, () => VaultAuth, number]>([
    ['kubernetes', () => ({ method: 'kubernetes', role: 'app', jwtPath: file('sa', serviceAccountToken('bad')) }), 403],
    ['jwt', () => ({ method: 'jwt', role: 'app', jwt: jwt({ aud: 'other' }) }), 400],
    ['userpass', () => ({ method: 'userpass', username: 'amy', password: 'wrong-password' }), 400],
    ['approle', () => appRole('00000000-1111-2222-3333-444444444444'), 400],
    ['a function', () => ({ login: (vault) => vault.write('auth/userpass/login/amy', { password: 'wrong-password' }) }), 400],
  ])('by %s that Vault refuses fails at once, in its words', async (_, auth, status) => {
    const error: unknown = await bed.credentials({ auth: auth() }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(VaultRefusedError)
    expect(error).toMatchObject({ status, reasons: [expect.any(String)] })
  })

  test('reads its file again: the token of the service account was replaced', async () => {
    const jwtPath = file('sa', serviceAccountToken())
    await bed.api('POST', 'auth/kubernetes/role/app', { token_ttl: 3, token_max_ttl: 3 })
    const credentials = await bed.credentials({ auth: { method: 'kubernetes', role: 'app', jwtPath } })
    const log = logEvents(credentials)
    file('sa', 'no token any more')
    await poll(
      'a login fails',
      () => log.of('rotationFailed').length,
      (count) => count > 0,
    )
    file('sa', serviceAccountToken())
    await poll(
      'a login succeeds',
      () => log.of('loggedIn').length,
      (count) => count > 0,
      20_000,
    )
    await credentials.close()
    await bed.api('POST', 'auth/kubernetes/role/app', { token_ttl: 60, token_max_ttl: 0 })
  })
})

describe('a wrapped secret_id', () => {
  test('that somebody has unwrapped is refused', async () => {
    const token = await wrappedSecretId()
    await bed.api('POST', 'sys/wrapping/unwrap', { token })
    const error = bed.credentials({ auth: appRole({ wrapped: token }) })
    await expect(error).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'wrapping-token-used' })
  })

  test.each(['hvs.nobody-knows-this', 'x'])('that never was one is refused: %s', async (token) => {
    const error = bed.credentials({ auth: appRole({ wrapped: token }) })
    await expect(error).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'wrapping-token-used' })
  })

  test('that was put in place of the real one is refused, and left to be looked into', async () => {
    const { token } = await wrapped('sys/wrapping/wrap', { secret_id: bed.login.secretId })
    const error = bed.credentials({ auth: appRole({ wrapped: token }) })
    await expect(error).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'wrapping-token-tampered' })
    expect(await bed.api('POST', 'sys/wrapping/unwrap', { token })).toMatchObject({ data: { secret_id: bed.login.secretId } })
  })

  test('of one use says that no other login is possible when the token ends', async () => {
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '3s', token_max_ttl: '6s' })
    const credentials = await bed.credentials({ auth: appRole({ wrapped: await wrappedSecretId({ num_uses: 1 }) }) })
    const log = logEvents(credentials)
    await poll(
      'the token is spent',
      () => log.of('tokenSpent').length,
      (count) => count > 0,
    )
    expect(log.of('tokenSpent')).toMatchObject([{ canLogIn: false }])
    expect(credentials.status().health).toMatchObject({ reasons: expect.arrayContaining(['token-ending']) as string[] })
    await credentials.close()
    await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '1h', token_max_ttl: '4h' })
  })
})

test('a secret_id of one use is said to be used up at the second login', async () => {
  await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '3s', token_max_ttl: '3s' })
  const { data } = (await bed.api('POST', 'auth/apps/role/app/secret-id', { num_uses: 1 })) as { data: { secret_id: string } }
  const credentials = await bed.credentials({ auth: appRole(data.secret_id) })
  const log = logEvents(credentials)
  const failed = await poll(
    'the login is refused',
    () => log.of('rotationFailed'),
    (all) => all.length > 0,
  )
  expect(failed[0]).toMatchObject({ reason: 'token-ending', cause: { code: 'ERR_VAULT_LOGIN', reason: 'secret-id-refused' } })
  await credentials.close()
  await bed.api('POST', 'auth/apps/role/app', { token_policies: ['app'], token_ttl: '1h', token_max_ttl: '4h' })
})

describe("an agent's sink", () => {
  test('is followed when its token is replaced, which is not revoked at the end', async () => {
    const [first, second] = [await newToken(), await newToken()]
    const path = file('sink', first)
    const credentials = await bed.credentials({ auth: { method: 'token-file', path } })
    const log = logEvents(credentials)
    file('sink', second)
    await poll(
      'the first user is given back',
      () => log.of('revoked').length,
      (count) => count > 0,
    )
    expect(log.of('rotated')).toMatchObject([{ from: 1, to: 2, reason: 'token-ending' }])
    // The second token stands behind the new user, so that the end of the first no longer matters.
    await bed.api('POST', 'auth/token/revoke', { token: first })
    expect(await bed.database.users()).toEqual([credentials.current().username])
    await credentials.close()
    expect(await isAlive(second)).toBe(true)
  })

  test('that is wrapped is read once, and refused to whoever comes second', async () => {
    const path = file('sink', JSON.stringify(await wrapped('sys/wrapping/wrap', { token: await newToken() })))
    const credentials = await bed.credentials({ auth: { method: 'token-file', path } })
    await credentials.rotate()
    const second = bed.credentials({ auth: { method: 'token-file', path } })
    await expect(second).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'wrapping-token-used' })
    await credentials.close()
  })
})
