import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logEvents, startTestBed, type EventLog, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { realVaultKind } from '../support/real-vault'

/** All kinds of Vault tokens, the same for dev-vault (`npm test`) and for real Vault (`npm run test:vault`). */
let bed: TestBed
beforeAll(async () => void (bed = await startTestBed({ defaultTtl: '20s', maxTtl: '1m' })))
afterAll(() => bed.stop())
afterEach(async () => {
  await bed.closeCredentials()
  await poll(
    'no leased user is left',
    () => bed.database.users(),
    (users) => users.length === 0,
    30_000,
  )
})

async function newToken(more: object, path = 'auth/token/create', by = bed.vault.rootToken): Promise<string> {
  const response = await fetch(`${bed.vault.address}/v1/${path}`, {
    method: 'POST',
    headers: { 'X-Vault-Token': by },
    body: JSON.stringify({ policies: ['app'], ...more }),
  })
  const body = (await response.json()) as { auth: { client_token: string } }
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return body.auth.client_token
}

const withToken = (token: string): Promise<LeasedCredentials> => bed.credentials({ auth: { method: 'token', token } })
const happened = (log: EventLog, name: Parameters<EventLog['of']>[0], count = 1): Promise<unknown> =>
  poll(
    `${count} × ${name}`,
    () => log.of(name).length,
    (seen) => seen >= count,
    20_000,
  )

describe('a token', () => {
  test.each<[string, () => string | Promise<string>, 'lease' | 'max-ttl' | 'token', number]>([
    ['of type service', () => newToken({ ttl: '1m' }), 'lease', 20_000],
    ['of root', () => bed.vault.rootToken, 'lease', 20_000],
    ['that is an orphan', () => newToken({ ttl: '1m' }, 'auth/token/create-orphan'), 'lease', 20_000],
    ['that is periodic', () => newToken({ period: '1m' }), 'lease', 20_000],
    ['that cannot be renewed', () => newToken({ ttl: '8s', renewable: false }), 'token', 8_000],
    ['with an explicit_max_ttl', () => newToken({ ttl: '5s', explicit_max_ttl: '9s' }), 'token', 9_000],
  ])('%s is used, and its end is known', async (_, token, endsBecause, endsInMs) => {
    const credentials = await withToken(await token())
    const status = credentials.status()
    expect(status.endsBecause).toBe(endsBecause)
    expect(status.endsInMs).toBeLessThanOrEqual(endsInMs + 500)
    expect(status.endsInMs).toBeGreaterThan(endsInMs - 3_000)
    await credentials.close()
  })

  test('of type batch is used, and caps what it issues', async () => {
    const credentials = await withToken(await newToken({ type: 'batch', ttl: '8s' }))
    expect(credentials.status().endsInMs).toBeLessThanOrEqual(8_000)
    const log = logEvents(credentials)
    await happened(log, 'tokenSpent')
    expect(log.of('tokenSpent')).toMatchObject([{ canLogIn: false }])
    await happened(log, 'rotated') // due at about the same time; a user that is being made at close() would stay until its token's end
    await credentials.close()
    expect(log.of('revokeFailed')).toEqual([])
    expect(await bed.database.users()).toEqual([])
  })

  test('that is periodic is renewed again and again, past its first end', async () => {
    const credentials = await withToken(await newToken({ period: '2s' }))
    const log = logEvents(credentials)
    await happened(log, 'tokenRenewed', 3)
    expect(log.of('tokenSpent')).toEqual([])
    expect((await bed.database.users()).length).toBe(1)
    await credentials.close()
  })

  test.each([1, 2, 50])('of %i uses is refused, since it would run out', async (num_uses) => {
    const error = withToken(await newToken({ ttl: '1m', num_uses }))
    await expect(error).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'limited-uses', retryable: false })
  })

  test('that is an orphan outlives the token that made it, and its users with it', async () => {
    await bed.api('POST', 'sys/policies/acl/maker', { policy: 'path "auth/token/create*" { capabilities = ["update", "sudo"] }' })
    const maker = await newToken({ policies: ['maker', 'app'], ttl: '1m' })
    const [child, orphan] = [
      await newToken({ ttl: '1m' }, 'auth/token/create', maker),
      await newToken({ ttl: '1m' }, 'auth/token/create-orphan', maker),
    ]
    const [ofChild, ofOrphan] = [await withToken(child), await withToken(orphan)]
    await bed.api('POST', 'auth/token/revoke', { token: maker })
    await poll(
      "only the orphan's user is left",
      () => bed.database.users(),
      (users) => users.length === 1 && users[0] === ofOrphan.current().username,
    )
    await Promise.all([ofChild.close(), ofOrphan.close()])
  })
})

describe('tokens of a login', () => {
  const role = (more: object): Promise<unknown> =>
    bed.api('POST', 'auth/apps/role/app', {
      ...{ token_policies: ['app'], token_ttl: '1h', token_max_ttl: '4h', token_type: 'default', token_explicit_max_ttl: 0 },
      ...{ token_num_uses: 0, ...more },
    })
  afterAll(() => role({}))

  test('of type batch are replaced before their end, with no failed query', async () => {
    await role({ token_type: 'batch', token_ttl: '6s' })
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const { host, port } = bed.database
    const pool = new LeasedPool({ host, port, database: 'app', max: 2 }, credentials)
    let rotated = false
    void happened(log, 'rotated', 2).then(() => (rotated = true))
    while (!rotated) await pool.query('SELECT count(*) FROM item')
    expect(log.of('rotated').map(({ reason }) => reason)).toContain('token-ending')
    expect(log.of('tokenRenewFailed')).toEqual([])
    await pool.end()
    await credentials.close()
    expect(await bed.database.users()).toEqual([])
  })

  test('with an explicit_max_ttl are replaced before it', async () => {
    await role({ token_ttl: '4s', token_explicit_max_ttl: '6s' })
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    await happened(log, 'rotated')
    expect(log.of('rotated')).toMatchObject([{ reason: 'token-ending' }])
    await credentials.close()
  })

  test('with a number of uses are refused', async () => {
    await role({ token_num_uses: 10 })
    await expect(bed.credentials()).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'limited-uses' })
  })

  test('that an operator revokes take their users with them; the app logs in again and goes on', async () => {
    await role({})
    const credentials = await bed.credentials()
    const log = logEvents(credentials)
    const { host, port } = bed.database
    const pool = new LeasedPool({ host, port, database: 'app', max: 2 }, credentials)
    await pool.query('SELECT count(*) FROM item')
    const first = credentials.current().username
    await bed.api('POST', 'sys/leases/revoke-prefix/auth/apps/login')
    await poll(
      'the user is gone with its token',
      () => bed.database.users(),
      (users) => !users.includes(first),
    )
    await poll(
      'queries work again',
      () =>
        pool.query('SELECT count(*) FROM item').then(
          () => true,
          () => false,
        ),
      (works) => works,
      30_000,
    )
    expect(credentials.generation).toBeGreaterThan(1)
    expect(log.of('loggedIn').length).toBe(1)
    expect(await bed.database.users()).toEqual([credentials.current().username])
    await pool.end()
    await credentials.close()
  })
})

// OpenBao has namespaces, and answers 404 for one that is absent.
test.skipIf(process.env['LEASEPOOL_TEST_VAULT'] === 'real' && realVaultKind() === 'openbao')(
  'a namespace is ignored by a Vault that has none: nothing in its answers tells',
  async () => {
    const credentials = await bed.credentials({ namespace: 'team-a' })
    expect(await bed.database.users()).toEqual([credentials.current().username])
    await credentials.close()
  },
)
