import { expect } from 'vitest'
import { refused, uniqueName } from '../bed'
import { type Case, VAULT_ONLY } from '../case'

/** What a server takes: shapes of JSON, addresses, headers. */
export const LIMITS: readonly Case[] = [
  {
    id: 'X1',
    name: 'takes JSON of some depth and length only',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const nested = (depth: number): string => `{"data":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
      expect((await bed.call('POST', 'secret/data/x1', nested(200))).status).toBe(200)
      const deep = await bed.call('POST', 'secret/data/x1', nested(600))
      expect(deep).toMatchObject({ status: 500, body: { errors: [expect.stringContaining('depth')] } })
      expect((await bed.call('POST', 'secret/data/x1', { data: { a: 'x'.repeat(1_000_000) } })).status).toBe(200)
      const long = await bed.call('POST', 'secret/data/x1', { data: { a: 'x'.repeat(1_100_000) } })
      expect(long).toMatchObject({ status: 500, body: { errors: [expect.stringContaining('string')] } })
      await bed.ok('DELETE', 'secret/metadata/x1')
    },
  },
  {
    id: 'X2',
    name: 'binds tokens to addresses',
    story: async (bed) => {
      const role = uniqueName('bound')
      await bed.ok('POST', `auth/token/roles/${role}`, {
        token_bound_cidrs: '10.0.0.0/8',
        allowed_policies: 'min',
        renewable: false,
      })
      const made = await bed.ok('POST', `auth/token/create/${role}`, { policies: ['min'], ttl: 60 })
      refused(await bed.lookupSelf(made.body.auth.client_token as string), 403, 'permission denied')
      const data = (await bed.ok('POST', 'auth/token/lookup', { token: made.body.auth.client_token as string })).body.data
      expect(data).toMatchObject({ bound_cidrs: ['10.0.0.0/8'], role, renewable: false, path: `auth/token/create/${role}` })
      const wrong = 'error parsing role fields: error parsing address "x"'
      refused(await bed.call('POST', `auth/token/roles/${role}`, { token_bound_cidrs: 'x' }), 400, expect.stringContaining(wrong))
      await bed.ok('POST', `auth/token/roles/${role}`, { token_bound_cidrs: ['127.0.0.0/8', '10.0.0.1/32'] })
      const shown = (await bed.ok('GET', `auth/token/roles/${role}`)).body.data
      expect(shown.token_bound_cidrs).toEqual(['127.0.0.0/8', '10.0.0.1'])
      const near = await bed.ok('POST', `auth/token/create/${role}`, { policies: ['min'], ttl: 60 })
      expect((await bed.lookupSelf(near.body.auth.client_token as string)).status).toBe(200)
      await bed.ok('DELETE', `auth/token/roles/${role}`)
      refused(await bed.call('POST', `auth/token/create/${role}`, {}), 400, `unknown role ${role}`)
    },
  },
  {
    id: 'X3',
    name: 'marks errors, and answers without a body, as it marks answers',
    story: async (bed) => {
      for (const [method, path] of [
        ['GET', 'database/roles/absent'],
        ['GET', 'nomount/x'],
        ['GET', 'sys/health'],
      ] as const) {
        const { headers } = await bed.call(method, path)
        expect(headers, path).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' })
      }
      const { status, headers } = await bed.call('DELETE', 'database/roles/absent')
      expect(status).toBe(204)
      expect(headers).toMatchObject({ 'cache-control': 'no-store' })
      expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    },
  },
  {
    id: 'X4',
    name: 'counts irrevocable leases, of which there are none yet',
    steps: [
      { send: 'GET sys/leases/count?type=irrevocable', status: 200, answer: { data: { lease_count: 0, counts: {} } } },
      { send: 'GET sys/leases?type=irrevocable', status: 200, answer: { data: { lease_count: 0, leases: [] } } },
      { send: 'GET sys/leases/count?type=nonsense', status: 404, errors: [] },
      { send: 'GET sys/leases?type=irrevocable', as: '$min', status: 403 },
    ],
  },
]
