import { expect } from 'vitest'
import { keyPair, nowSeconds, signedJwt } from '../../../support/signed-jwt'
import { type Bed, refused } from '../../bed'
import { type Case, E1, VAULT_ONLY } from '../../case'
import type { Answer } from '../../client'
import { allRefused, keys, logIn, mount } from './shared'

const otherKeys = keyPair()

/** Claims that the role of {@link jwtMount} takes. */
function claims(more: object = {}): object {
  const now = nowSeconds()
  const times = { iat: now, nbf: now, exp: now + 600 }
  return { ...times, iss: 'me', sub: 'amy', aud: 'shop', team: 'red', mail: 'a@b', deep: { er: 'd' }, ...more }
}

async function jwtMount(bed: Bed): Promise<string> {
  const path = await mount(bed, 'jwt')
  await bed.ok('POST', `${path}/config`, { jwt_validation_pubkeys: [keys.publicKey], bound_issuer: 'me', default_role: 'app' })
  await bed.ok('POST', `${path}/role/App`, {
    ...{ role_type: 'jwt', user_claim: 'sub', bound_audiences: 'shop,other', bound_claims: { team: ['red', 'blue'] } },
    ...{ claim_mappings: { mail: 'email', '/deep/er': 'deep' }, token_policies: 'app', token_ttl: 60 },
  })
  return path
}

/** Logins by signed tokens. */
export const JWT_LOGINS: readonly Case[] = [
  {
    id: 'LJ1',
    name: 'logs in with a signed token',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await jwtMount(bed)
      const jwt = signedJwt(claims(), keys.privateKey)
      const auth = await logIn(bed, `${path}/login`, { role: 'APP', jwt })
      const metadata = { role: 'app', email: 'a@b', deep: 'd' }
      expect(auth).toMatchObject({ metadata, policies: ['app', 'default'], lease_duration: 60, orphan: true, renewable: true })
      expect((await logIn(bed, `${path}/login`, { jwt }))['entity_id']).toBe(auth['entity_id'])
      const token = auth['client_token'] as string
      expect((await bed.lookupSelf(token)).body.data.display_name).toBe(`${path.slice('auth/'.length)}-amy`)
      await bed.ok('DELETE', `${path}/role/app`)
      const renewed = await bed.call('POST', 'auth/token/renew-self', {}, token)
      refused(renewed, 500, E1('failed to renew entry: role app does not exist during renewal'))
    },
  },
  {
    id: 'LJ2',
    name: 'refuses tokens that are not as the role wants them',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await jwtMount(bed)
      const call = (body: object): Promise<Answer> => bed.call('POST', `${path}/login`, body, '')
      const log = (more: object, key = keys.privateKey): Promise<Answer> =>
        call({ role: 'app', jwt: signedJwt(claims(more), key) })
      const now = nowSeconds()
      const token = (text: string): string => `error validating token: ${text}`
      const unlike = 'error validating claims: claim "team" does not match any associated bound claim values'
      await allRefused([
        [call({ role: 'none', jwt: 'x' }), 400, 'role "none" could not be found'],
        [call({ role: 'app' }), 400, 'missing token'],
        [log({}, otherKeys.privateKey), 400, token('error verifying token signature: no known key successfully validated the token signature')], // prettier-ignore
        [log({ iss: 'x' }), 400, token('invalid issuer (iss) claim')],
        [log({ aud: 'x' }), 400, token('invalid audience (aud) claim: audience claim does not match any expected audience')],
        [log({ exp: now - 100 }), 400, token('invalid expiration time (exp) claim: token is expired')],
        [log({ nbf: now + 100 }), 400, token('invalid not before (nbf) claim: token not yet valid')],
        [log({ iat: now + 100, nbf: now }), 400, token('invalid issued at (iat) claim: token issued in the future')],
        [log({ team: undefined }), 400, 'error validating claims: claim "team" is missing'],
        [log({ team: 'green' }), 400, unlike],
        [log({ sub: undefined }), 400, 'claim "sub" not found in token'],
        [log({ mail: 5 }), 400, "error converting claim 'mail' to string"],
      ])
    },
  },
  {
    id: 'LJ3',
    name: 'refuses configurations and roles for signed tokens that cannot be',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'jwt')
      const config = (body: object): Promise<Answer> => bed.call('POST', `${path}/config`, body)
      const write = (body: object): Promise<Answer> => bed.call('POST', `${path}/role/r`, { role_type: 'jwt', ...body })
      await allRefused([
        [bed.call('POST', `${path}/login`, {}, ''), 400, 'could not load configuration'],
        [
          config({}),
          400,
          "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set",
        ],
        [config({ jwt_validation_pubkeys: 'x' }), 400, 'error parsing public key: data does not contain any valid public keys'],
        [write({}), 400, 'a user claim must be defined on the role'],
        [write({ user_claim: 'sub' }), 400, 'must have at least one bound constraint when creating/updating a role'],
        [write({ role_type: 'x' }), 400, "invalid 'role_type': x"],
        [write({ bound_claims_type: 'x' }), 400, "invalid 'bound_claims_type': x"],
        [write({ user_claim: 'sub', claim_mappings: { a: 'role' } }), 400, 'metadata key "role" is reserved and may not be a mapping destination'], // prettier-ignore
      ])
    },
  },
  {
    id: 'LJ4',
    name: 'takes globs, groups and pointers in claims',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await jwtMount(bed)
      await bed.ok('POST', `${path}/role/glob`, {
        ...{ role_type: 'jwt', user_claim: '/deep/er', user_claim_json_pointer: true, groups_claim: 'groups' },
        ...{ bound_claims_type: 'glob', bound_claims: { team: 'r*d' } },
      })
      const call = (more: object): Promise<Answer> =>
        bed.call(
          'POST',
          `${path}/login`,
          { role: 'glob', jwt: signedJwt(claims({ aud: undefined, ...more }), keys.privateKey) },
          '',
        )
      expect((await call({ groups: ['a'] })).status).toBe(200)
      await allRefused([
        [call({}), 400, 'failed to fetch groups: "groups" claim not found in token'],
        [call({ groups: [5] }), 400, 'value 5 in groups claim could not be parsed as string'],
        [call({ groups: 'a', deep: { er: 5 } }), 400, 'claim "/deep/er" could not be converted to string'],
        [call({ groups: 'a', aud: 'x' }), 400, 'audience claim found in JWT but no audiences bound to the role'],
      ])
    },
  },
]
