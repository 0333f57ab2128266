import { expect } from 'vitest'
import { keyPair, nowSeconds, signedJwt } from '../../../support/signed-jwt'
import { type Bed, refused } from '../../bed'
import { type Case, VAULT_ONLY } from '../../case'
import type { Answer } from '../../client'
import { startTokenReview } from '../../token-review'
import { allRefused, keys, logIn, mount } from './shared'

const otherKeys = keyPair()

function serviceAccount(more: object = {}, namespace = 'shop', name = 'api'): object {
  const now = nowSeconds()
  const about = { namespace, serviceaccount: { name, uid: `uid-${name}` } }
  const sub = `system:serviceaccount:${namespace}:${name}`
  return { iss: 'https://cluster', sub, aud: ['vault'], iat: now, nbf: now, exp: now + 600, 'kubernetes.io': about, ...more }
}

/** A mount with the role `app`, and what stands for the cluster while `story` runs. */
async function withCluster(bed: Bed, story: (path: string) => Promise<void>): Promise<void> {
  const { host, stop } = await startTokenReview()
  try {
    const path = await mount(bed, 'kubernetes')
    await bed.ok('POST', `${path}/config`, { kubernetes_host: host, pem_keys: [keys.publicKey], disable_local_ca_jwt: true })
    await bed.ok('POST', `${path}/role/App`, {
      ...{ bound_service_account_names: 'a*', bound_service_account_namespaces: 'shop', audience: 'vault' },
      ...{ token_policies: 'app', token_ttl: 60 },
    })
    await story(path)
  } finally {
    await stop()
  }
}

/** Logins by tokens of service accounts. */
export const KUBERNETES_LOGINS: readonly Case[] = [
  {
    id: 'LK1',
    name: 'logs in a service account',
    servers: VAULT_ONLY,
    story: (bed) =>
      withCluster(bed, async (path) => {
        const jwt = signedJwt(serviceAccount(), keys.privateKey)
        const auth = await logIn(bed, `${path}/login`, { role: 'app', jwt })
        expect(auth).toMatchObject({ policies: ['app', 'default'], lease_duration: 60, orphan: true, renewable: true })
        expect(auth['metadata']).toEqual({
          role: 'app',
          service_account_name: 'api',
          service_account_namespace: 'shop',
          service_account_secret_name: '',
          service_account_uid: 'uid-api',
        })
        expect((await logIn(bed, `${path}/login`, { role: 'APP', jwt }))['entity_id']).toBe(auth['entity_id'])
        const { body } = await bed.lookupSelf(auth['client_token'] as string)
        expect(body.data.display_name).toBe(`${path.slice('auth/'.length)}-shop-api`)
      }),
  },
  {
    id: 'LK2',
    name: 'refuses service accounts that the role does not name',
    servers: VAULT_ONLY,
    story: (bed) =>
      withCluster(bed, async (path) => {
        const call = (body: object): Promise<Answer> => bed.call('POST', `${path}/login`, body, '')
        const log = (of: object, key = keys.privateKey): Promise<Answer> => call({ role: 'app', jwt: signedJwt(of, key) })
        await allRefused([
          [call({}), 400, 'missing role'],
          [call({ role: 'app' }), 400, 'missing jwt'],
          [call({ role: 'none', jwt: 'x' }), 400, 'invalid role name "none"'],
          [call({ role: 'app', jwt: 'x' }), 403, 'permission denied'],
          [log(serviceAccount(), otherKeys.privateKey), 403, 'permission denied'],
          [log(serviceAccount({ aud: ['x'] })), 403, 'invalid audience (aud) claim: audience claim does not match any expected audience'], // prettier-ignore
          [log(serviceAccount({ exp: nowSeconds() - 100 })), 403, 'invalid expiration time (exp) claim: token is expired'],
          [log(serviceAccount({}, 'shop', 'bad')), 403, 'service account name not authorized'],
          [log(serviceAccount({}, 'bank')), 403, 'namespace not authorized'],
        ])
      }),
  },
  {
    id: 'LK3',
    name: 'refuses roles for service accounts that cannot be',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'kubernetes')
      const both = { bound_service_account_names: 'a', bound_service_account_namespaces: 'b' }
      const write = (body: object): Promise<Answer> => bed.call('POST', `${path}/role/r`, body)
      await allRefused([
        [bed.call('POST', `${path}/config`, {}), 400, 'no host provided'],
        [write({}), 400, '"bound_service_account_names" can not be empty'],
        [write({ ...both, bound_service_account_names: 'a,*' }), 400, 'can not mix "*" with values'],
        [write({ ...both, alias_name_source: 'x' }), 400, 'invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name'], // prettier-ignore
        [write({ ...both, ttl: 5, max_ttl: 4 }), 400, 'token ttl should not be greater than token max ttl'],
      ])
      const { body } = await bed.ok('POST', `${path}/role/r`, both)
      expect(body.warnings).toEqual([expect.stringContaining('Role r does not have an audience configured.')])
      const signed = signedJwt(serviceAccount(), keys.privateKey)
      const early = await bed.call('POST', `${path}/login`, { role: 'r', jwt: signed }, '')
      refused(early, 500, 'could not load backend configuration')
    },
  },
]
