import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DevVault, signServiceAccountToken, startDevVault } from '../../src/index'
import { type Answered, caller } from '../support'

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const api = { serviceAccountNames: ['api'], serviceAccountNamespaces: ['shop'], policies: ['app'], tokenTtlSeconds: 60 }

let vault: DevVault

beforeEach(async () => {
  const kubernetes = { publicKey, roles: { app: { ...api, audience: 'vault' } } }
  vault = await startDevVault({ databases: {}, roles: {}, kubernetes })
})

afterEach(() => vault.close())

async function logIn(account: { namespace: string; name: string; audiences?: string[] }): Promise<Answered> {
  const jwt = await signServiceAccountToken({ privateKey, ...account })
  return caller(vault.address)('POST', 'auth/kubernetes/login', { role: 'app', jwt })
}

it('logs in the service accounts of the option, each as one entity', async () => {
  const { body } = await logIn({ namespace: 'shop', name: 'api' })
  expect(body.auth).toMatchObject({ policies: ['app', 'default'], lease_duration: 60 })
  const again = await logIn({ namespace: 'shop', name: 'api' })
  expect(again.body.auth.entity_id).toBe(body.auth.entity_id)
})

it('refuses all others', async () => {
  const statuses = [
    await logIn({ namespace: 'shop', name: 'other' }),
    await logIn({ namespace: 'bank', name: 'api' }),
    await logIn({ namespace: 'shop', name: 'api', audiences: ['else'] }),
  ].map(({ status }) => status)
  expect(statuses).toEqual([403, 403, 403])
})

it('refuses options that cannot be', async () => {
  const start = (kubernetes: object): Promise<DevVault> =>
    startDevVault({ databases: {}, roles: {}, kubernetes: kubernetes as { publicKey: string; roles: object } & object } as never)
  await expect(start({ publicKey: 'x', roles: {} })).rejects.toThrow('a public key in PEM')
  await expect(start({ publicKey, roles: { app: { serviceAccountNames: ['x'] } } })).rejects.toThrow('serviceAccountNamespaces')
})
