import { expect } from 'vitest'
import type { Case } from '../case'
import { refused, uniqueName } from '../bed'

const UNKNOWN = 'invalid role or secret ID'

/** Logins by AppRole. */
export const APP_ROLE: readonly Case[] = [
  {
    id: '14',
    name: 'logs in with a pair of ids',
    story: async (bed) => {
      const secret = await bed.ok('POST', 'auth/approle/role/app/secret-id')
      const body = { role_id: bed.fixture.roleId, secret_id: secret.body.data.secret_id as string }
      const { body: answer } = await bed.ok('POST', 'auth/approle/login', body, '')
      expect(answer).toMatchObject({ data: null, lease_id: '', lease_duration: 0 })
      const metadata = { role_name: 'app' }
      const policies = ['app', 'default']
      const shown = { lease_duration: 60, renewable: true, orphan: true, num_uses: 0, token_type: 'service', metadata, policies }
      expect(answer.auth).toMatchObject({ ...shown, client_token: expect.any(String), accessor: expect.any(String) })
    },
  },
  {
    id: '15',
    name: 'refuses an unknown role id',
    steps: [{ send: 'POST auth/approle/login', as: '', body: { role_id: 'x', secret_id: 'y' }, status: 400, errors: [UNKNOWN] }],
  },
  {
    id: '16',
    name: 'refuses a wrong secret id with the same words',
    steps: [
      { send: 'GET auth/approle/role/app/role-id', status: 200, keep: { role: 'data.role_id' } },
      { send: 'POST auth/approle/login', as: '', body: { role_id: '$role', secret_id: 'x' }, status: 400, errors: [UNKNOWN] },
    ],
  },
  {
    id: '17',
    name: 'wants a secret id',
    steps: [
      { send: 'GET auth/approle/role/app/role-id', status: 200, keep: { role: 'data.role_id' } },
      { send: 'POST auth/approle/login', as: '', body: { role_id: '$role' }, status: 400, errors: ['missing secret_id'] },
    ],
  },
  {
    id: '18',
    name: 'takes a secret id as often as it may be used',
    steps: [
      { send: 'GET auth/approle/role/app/role-id', status: 200, keep: { role: 'data.role_id' } },
      {
        send: 'POST auth/approle/role/app/secret-id',
        body: { num_uses: 1 },
        status: 200,
        answer: { data: { secret_id_num_uses: 1, secret_id_ttl: 0, secret_id_accessor: expect.any(String) } },
        keep: { secret: 'data.secret_id' },
      },
      { send: 'POST auth/approle/login', as: '', body: { role_id: '$role', secret_id: '$secret' }, status: 200 },
      {
        send: 'POST auth/approle/login',
        as: '',
        body: { role_id: '$role', secret_id: '$secret' },
        status: 400,
        errors: [UNKNOWN],
      },
    ],
  },
  {
    id: '19',
    name: 'locks a role id after five wrong secret ids',
    story: async (bed) => {
      const role_id = (await bed.ok('GET', 'auth/approle/role/lock/role-id')).body.data.role_id as string
      const logIn = (secret_id: string): ReturnType<typeof bed.call> =>
        bed.call('POST', 'auth/approle/login', { role_id, secret_id }, '')
      for (let time = 0; time < 5; time++) refused(await logIn('wrong'), 400, UNKNOWN)
      const right = (await bed.ok('POST', 'auth/approle/role/lock/secret-id')).body.data.secret_id as string
      refused(await logIn(right), 403, 'permission denied')
    },
  },
  {
    id: 'A1',
    name: 'makes, shows, lists and deletes roles',
    story: async (bed) => {
      const name = uniqueName('approle')
      const path = `auth/approle/role/${name}`
      await bed.ok('POST', path, { token_policies: 'b,a', token_ttl: '1m', token_max_ttl: 120, secret_id_num_uses: 3 })
      const { data } = (await bed.ok('GET', path)).body as { data: object }
      const numbers = { token_ttl: 60, token_max_ttl: 120, secret_id_num_uses: 3, token_period: 0, token_num_uses: 0 }
      expect(data).toMatchObject({ ...numbers, token_policies: ['b', 'a'], bind_secret_id: true, token_type: 'default' })
      const { body } = await bed.ok('LIST', 'auth/approle/role')
      expect(body.data.keys).toContain(name)
      await bed.ok('DELETE', path)
      refused(await bed.call('GET', path), 404)
      refused(await bed.call('GET', `${path}/role-id`), 404)
    },
  },
  {
    id: 'A2',
    name: 'refuses roles that contradict themselves',
    steps: [
      {
        send: 'POST auth/approle/role/odd',
        body: { token_ttl: 60, token_max_ttl: 30 },
        status: 400,
        errors: ["'token_ttl' cannot be greater than 'token_max_ttl'"],
      },
      {
        send: 'POST auth/approle/role/odd',
        body: { secret_id_num_uses: -1 },
        status: 400,
        errors: ['secret_id_num_uses cannot be negative'],
      },
      { send: 'GET auth/approle/role/odd', status: 404, errors: [] },
    ],
  },
  {
    id: 'A3',
    name: 'looks up and destroys secret ids',
    story: async (bed) => {
      const path = 'auth/approle/role/app/secret-id'
      const { secret_id } = (await bed.ok('POST', path, { metadata: '{"a":"b"}' })).body.data as { secret_id: string }
      const found = await bed.ok('POST', `${path}/lookup`, { secret_id })
      expect(found.body.data).toMatchObject({ metadata: { a: 'b' }, secret_id_num_uses: 0, secret_id_ttl: 0 })
      expect((await bed.call('POST', `${path}/destroy`, { secret_id })).status).toBe(204)
      expect((await bed.call('POST', `${path}/lookup`, { secret_id })).status).toBe(204)
      const logIn = await bed.call('POST', 'auth/approle/login', { role_id: bed.fixture.roleId, secret_id }, '')
      refused(logIn, 400, UNKNOWN)
    },
  },
  {
    id: 'A4',
    name: 'renews no token whose role is gone',
    story: async (bed) => {
      const name = uniqueName('approle')
      await bed.ok('POST', `auth/approle/role/${name}`, { token_policies: 'app' })
      const role_id = (await bed.ok('GET', `auth/approle/role/${name}/role-id`)).body.data.role_id as string
      const secret_id = (await bed.ok('POST', `auth/approle/role/${name}/secret-id`)).body.data.secret_id as string
      const token = (await bed.ok('POST', 'auth/approle/login', { role_id, secret_id }, '')).body.auth.client_token as string
      await bed.ok('DELETE', `auth/approle/role/${name}`)
      const answer = await bed.call('POST', 'auth/token/renew-self', {}, token)
      refused(answer, 500, expect.stringContaining(`role "${name}" does not exist during renewal`))
    },
  },
]
