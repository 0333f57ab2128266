import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DevVault, startDevVault } from '../../src/index'
import { type Answered, type Call, caller, TestClock } from '../support'

let clock: TestClock
let vault: DevVault
let root: Call

beforeEach(async () => {
  clock = new TestClock()
  vault = await startDevVault({ databases: {}, roles: {}, clock, appRoles: { app: { policies: ['App'], roleId: 'app' } } })
  root = caller(vault.address, vault.rootToken)
})

afterEach(() => vault.close())

const logIn = (secret_id: string): Promise<Answered> => root('POST', 'auth/approle/login', { role_id: 'app', secret_id }, '')

async function secretId(body: object): Promise<string> {
  return (await root('POST', 'auth/approle/role/app/secret-id', body)).body.data.secret_id as string
}

it('takes a secret id until the minute in which its ttl ends is over', async () => {
  const secret = await secretId({ ttl: 90 })
  await clock.advance(119_000)
  expect((await logIn(secret)).status).toBe(200)
  await clock.advance(1_000)
  expect((await logIn(secret)).status).toBe(400)
})

it('keeps the explicit maximum that a token began with', async () => {
  await root('POST', 'auth/approle/role/app', { token_explicit_max_ttl: 100, token_ttl: 50 })
  const token = (await logIn(await secretId({}))).body.auth.client_token as string
  await root('POST', 'auth/approle/role/app', { token_explicit_max_ttl: 1000 })
  await clock.advance(40_000)
  const renewed = await root('POST', 'auth/token/renew-self', { increment: 500 }, token)
  expect(renewed.body.auth.lease_duration).toBe(60)
})

it('names the role id and a secret id of an option', async () => {
  const { roleId, secretId: secret } = vault.appRole('app')
  expect(roleId).toBe('app')
  expect((await logIn(secret)).body.auth.policies).toEqual(['app', 'default'])
})

it('forgets what a deleted role had', async () => {
  const secret = await secretId({})
  await root('DELETE', 'auth/approle/role/app')
  await root('POST', 'auth/approle/role/app', { role_id: 'app' })
  expect((await logIn(secret)).status).toBe(400)
})
