import { expect } from 'vitest'
import { type Case, E1, OPENBAO_ONLY, VAULT_ONLY } from '../case'
import { refused } from '../bed'

/** Looking up, renewing and listing leases. */
export const LEASES: readonly Case[] = [
  {
    id: '40',
    name: 'looks a lease up by its id',
    story: async (bed) => {
      const token = await bed.loginToken()
      const issued = await bed.creds('ro', token)
      const { data } = (await bed.lookup(issued, token)).body
      expect(data).toMatchObject({ id: issued.lease_id, renewable: true, last_renewal: null })
      expect(data.ttl).toBeLessThanOrEqual(30)
      const seconds = (Date.parse(data.expire_time as string) - Date.parse(data.issue_time as string)) / 1000
      expect(Math.abs(seconds - 30)).toBeLessThan(2)
    },
  },
  {
    id: '41',
    name: 'renews to the default, or to an increment in place of what is left',
    story: async (bed) => {
      const token = await bed.loginToken()
      const issued = await bed.creds('ro', token)
      const renewed = (await bed.renew(issued, undefined, token)).body
      expect(renewed).toMatchObject({
        lease_id: issued.lease_id,
        lease_duration: 30,
        data: null,
        renewable: true,
        warnings: null,
      })
      expect(Math.abs((await bed.database.validSeconds(issued.data.username)) - 35)).toBeLessThan(3)
      expect((await bed.renew(issued, 10, token)).body.lease_duration).toBe(10)
      expect(Math.abs((await bed.database.validSeconds(issued.data.username)) - 15)).toBeLessThan(3)
    },
  },
  {
    id: '43',
    name: 'renews never past the maximum, counted from the issue',
    story: async (bed) => {
      const issued = await bed.creds('ro')
      const before = (await bed.lookup(issued)).body.data
      const capped = (await bed.renew(issued, 3600)).body
      expect(Math.abs(capped.lease_duration - 90)).toBeLessThanOrEqual(2)
      expect(capped.warnings).toEqual([expect.stringContaining('TTL of "1h" exceeded the effective max_ttl of')])
      const after = (await bed.lookup(issued)).body.data
      expect(after.issue_time).toBe(before.issue_time)
      expect(after.last_renewal).not.toBeNull()
    },
  },
  {
    id: '44',
    name: 'renews by url for whom a policy allows that',
    story: async (bed) => {
      const token = await bed.loginToken()
      const { lease_id } = await bed.creds('ro', token)
      refused(await bed.call('PUT', `sys/leases/renew/${lease_id}`, {}, token), 403, E1('permission denied'))
      expect((await bed.call('PUT', `sys/leases/renew/${lease_id}`)).body).toMatchObject({ lease_id, lease_duration: 30 })
    },
  },
  {
    id: '45',
    name: 'renews nothing unknown',
    steps: [
      {
        send: 'PUT sys/leases/renew',
        body: { lease_id: 'database/creds/ro/nope' },
        status: 400,
        errors: ['lease not found'],
      },
      { send: 'PUT sys/leases/renew', body: {}, status: 400, errors: ['lease_id must be specified'] },
    ],
  },
  {
    id: '46',
    name: 'renews tokens elsewhere',
    story: async (bed) => {
      await bed.loginToken()
      const { keys } = (await bed.ok('LIST', 'sys/leases/lookup/auth/approle/login/')).body.data as { keys: string[] }
      const lease_id = `auth/approle/login/${keys[0]}`
      const answer = await bed.call('PUT', 'sys/leases/renew', { lease_id })
      refused(answer, 400, 'tokens cannot be renewed through this endpoint')
    },
  },
  {
    id: '47',
    name: 'looks nothing unknown up',
    steps: [
      { send: 'POST sys/leases/lookup', body: { lease_id: 'database/creds/ro/nope' }, status: 400, errors: ['invalid lease'] },
      { send: 'POST sys/leases/lookup', body: {}, status: 400, errors: ['lease_id must be specified'] },
    ],
  },
  {
    id: '48',
    name: 'cannot renew a lease whose role is gone, and drops its user as the role had said',
    story: async (bed) => {
      const role = await bed.role()
      const issued = await bed.creds(role)
      await bed.ok('DELETE', `database/roles/${role}`)
      const text = `failed to renew entry: resp: (*logical.Response)(nil) err: error during renew: could not find role with name "${role}"`
      refused(await bed.renew(issued), 400, text)
      expect((await bed.lookup(issued)).status).toBe(200)
      expect((await bed.revoke(issued)).status).toBe(204)
      expect(await bed.hasUser(issued)).toBe(false)
    },
  },
  {
    id: '56',
    name: 'lists leases a level at a time, for whom has sudo',
    story: async (bed) => {
      const role = await bed.role()
      const both = [await bed.creds(role), await bed.creds(role)]
      const suffixes = both.map((issued) => issued.lease_id.split('/').at(-1)!).sort()
      const path = `sys/leases/lookup/database/creds/${role}`
      expect((await bed.ok('LIST', `${path}/`)).body.data.keys).toEqual(suffixes)
      expect((await bed.ok('GET', `${path}?list=true`)).body.data.keys).toEqual(suffixes)
      expect((await bed.ok('LIST', 'sys/leases/lookup/database/')).body.data.keys).toEqual(['creds/'])
      expect((await bed.call('LIST', path, undefined, bed.fixture.appToken)).status).toBe(403)
    },
  },
  {
    id: '71',
    name: 'renews at the old path',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const { lease_id } = await bed.creds('ro')
      expect(await bed.call('PUT', 'sys/renew', { lease_id })).toMatchObject({ status: 200, body: { lease_id } })
    },
  },
  {
    id: '71 O',
    name: 'has no old paths of leases',
    servers: OPENBAO_ONLY,
    steps: [{ send: 'PUT sys/renew', body: { lease_id: 'x' }, status: 404 }],
  },
  {
    id: 'L1',
    name: 'takes no negative increment',
    story: async (bed) => {
      const issued = await bed.creds('ro')
      refused(await bed.renew(issued, -5), 400, expect.stringContaining('Field validation failed'))
      expect((await bed.renew(issued, 0)).body.lease_duration).toBe(30)
      expect((await bed.renew(issued, '15s')).body.lease_duration).toBe(15)
      expect((await bed.renew(issued, '15')).body.lease_duration).toBe(15)
    },
  },
  {
    id: 'L2',
    name: 'goes by the lease id in the body where the url has another',
    story: async (bed) => {
      const [one, other] = [await bed.creds('ro'), await bed.creds('ro')]
      const answer = await bed.call('PUT', `sys/leases/renew/${other.lease_id}`, { lease_id: one.lease_id })
      expect(answer).toMatchObject({ status: 200, body: { lease_id: one.lease_id } })
    },
  },
  {
    id: 'L3',
    name: 'counts leases',
    steps: [
      {
        send: 'GET sys/leases/count?type=irrevocable',
        status: 200,
        answer: { data: { lease_count: expect.any(Number), counts: expect.any(Object) } },
      },
      { send: 'GET sys/leases?type=irrevocable', status: 200, answer: { data: { lease_count: expect.any(Number) } } },
      { send: 'GET sys/leases/count', status: 404, errors: [] },
    ],
  },
]
