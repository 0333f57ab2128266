import { expect } from 'vitest'
import { type Case, VAULT_ONLY } from '../case'

const WRAP = { 'X-Vault-Wrap-TTL': '30' }
const INVALID = expect.stringContaining('wrapping token is not valid or does not exist')
const MADE = { send: 'POST auth/approle/role/app/secret-id', headers: WRAP, status: 200, keep: { wrapped: 'wrap_info.token' } }

/** Answers in wrapping tokens. */
export const WRAPPING: readonly Case[] = [
  {
    id: '20',
    name: 'wraps an answer',
    steps: [
      {
        ...MADE,
        answer: {
          wrap_info: { ttl: 30, creation_path: 'auth/approle/role/app/secret-id', token: expect.any(String) },
          data: null,
          auth: null,
        },
      },
    ],
  },
  {
    id: '21',
    name: 'tells where a wrapping token comes from',
    steps: [
      MADE,
      {
        send: 'POST sys/wrapping/lookup',
        as: '',
        body: { token: '$wrapped' },
        status: 200,
        answer: {
          data: { creation_path: 'auth/approle/role/app/secret-id', creation_ttl: 30, creation_time: expect.any(String) },
        },
      },
    ],
  },
  {
    id: '22',
    name: 'unwraps for the wrapping token itself, once',
    steps: [
      MADE,
      { send: 'POST sys/wrapping/unwrap', as: '$wrapped', status: 200, answer: { data: { secret_id: expect.any(String) } } },
      { send: 'POST sys/wrapping/unwrap', as: '$wrapped', status: 400, errors: [INVALID] },
    ],
  },
  {
    id: '23',
    name: 'unwraps for another token, once',
    steps: [
      MADE,
      {
        send: 'POST sys/wrapping/unwrap',
        as: '$min',
        body: { token: '$wrapped' },
        status: 200,
        answer: { data: { secret_id: expect.any(String) } },
      },
      { send: 'POST sys/wrapping/unwrap', as: '$min', body: { token: '$wrapped' }, status: 400, errors: [INVALID] },
      { send: 'POST sys/wrapping/lookup', as: '', body: { token: '$wrapped' }, status: 400, errors: [INVALID] },
    ],
  },
  {
    id: '70',
    name: 'counts a wrapped lease from the first call',
    story: async (bed) => {
      const token = await bed.loginToken()
      const wrapped = await bed.call('GET', 'database/creds/ro', undefined, token, WRAP)
      expect(wrapped).toMatchObject({ status: 200, body: { data: null, lease_id: '', lease_duration: 0 } })
      const { body } = await bed.ok('POST', 'sys/wrapping/unwrap', undefined, wrapped.body.wrap_info.token as string)
      expect(body).toMatchObject({
        lease_id: expect.stringMatching(/^database\/creds\/ro\//),
        lease_duration: 30,
        wrap_info: null,
      })
      expect(await bed.hasUser(body)).toBe(true)
      expect((await bed.lookup(body)).status).toBe(200)
    },
  },
  {
    id: 'W1',
    name: 'wraps what it is given',
    steps: [
      { send: 'POST sys/wrapping/wrap', headers: WRAP, body: { a: 'b' }, status: 200, keep: { wrapped: 'wrap_info.token' } },
      { send: 'POST sys/wrapping/unwrap', as: '$wrapped', status: 200, answer: { data: { a: 'b' } } },
    ],
  },
  {
    id: 'W2',
    name: 'wraps a login',
    story: async (bed) => {
      const secret = await bed.ok('POST', 'auth/approle/role/app/secret-id')
      const pair = { role_id: bed.fixture.roleId, secret_id: secret.body.data.secret_id as string }
      const { body } = await bed.call('POST', 'auth/approle/login', pair, '', WRAP)
      expect(body).toMatchObject({
        auth: null,
        wrap_info: { creation_path: 'auth/approle/login', wrapped_accessor: expect.any(String) },
      })
      const inner = await bed.ok('POST', 'sys/wrapping/unwrap', undefined, body.wrap_info.token as string)
      expect(inner.body.auth).toMatchObject({ lease_duration: 60, accessor: body.wrap_info.wrapped_accessor })
    },
  },
  {
    id: 'W3',
    name: 'refuses a wrap ttl that is none',
    steps: [
      {
        send: 'GET auth/token/lookup-self',
        headers: { 'X-Vault-Wrap-TTL': 'nonsense' },
        status: 400,
        errors: [expect.stringContaining('error parsing X-Vault-Wrap-TTL header')],
      },
    ],
  },
  {
    id: 'W4',
    name: 'lets a wrapping token do nothing else',
    steps: [MADE, { send: 'GET auth/token/lookup-self', as: '$wrapped', status: 403 }],
  },
  {
    id: 'W5',
    name: 'wraps answers with a status of their own, with or without a body, for the one who unwraps',
    servers: VAULT_ONLY,
    steps: [
      {
        send: 'POST auth/approle/role/app/secret-id-accessor/lookup',
        body: { secret_id_accessor: 'nope' },
        headers: WRAP,
        status: 200,
        keep: { missing: 'wrap_info.token' },
      },
      {
        send: 'POST sys/wrapping/unwrap',
        as: '$missing',
        status: 404,
        answer: { data: { error: expect.stringContaining('failed to find accessor entry') } },
      },
      {
        send: 'POST sys/policies/password/w5',
        body: { policy: 'length = 20\nrule "charset" { charset = "abcdefghij" }' },
        headers: WRAP,
        status: 200,
        keep: { empty: 'wrap_info.token' },
      },
      { send: 'POST sys/wrapping/rewrap', body: { token: '$empty' }, status: 200, keep: { again: 'wrap_info.token' } },
      { send: 'POST sys/wrapping/unwrap', as: '$again', status: 204, answer: null },
      { send: 'DELETE sys/policies/password/w5', status: 204 },
      {
        send: 'POST sys/leases/revoke-prefix/database/creds/none',
        body: { sync: false },
        headers: WRAP,
        status: 200,
        keep: { accepted: 'wrap_info.token' },
      },
      { send: 'POST sys/wrapping/unwrap', as: '$accepted', status: 202, answer: null },
    ],
  },
]
