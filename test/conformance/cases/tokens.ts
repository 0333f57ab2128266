import { expect } from 'vitest'
import { type Case, E1, E2, VAULT_ONLY } from '../case'
import { create } from '../token-step'

const TTL_WARNING = expect.stringContaining('exceeded the effective max_ttl')

/** Tokens: what they show, how long they live, how they end. */
export const TOKENS: readonly Case[] = [
  {
    id: '24',
    name: 'shows a login token to itself',
    story: async (bed) => {
      const { body } = await bed.ok('GET', 'auth/token/lookup-self', undefined, await bed.loginToken())
      const shown = { display_name: 'approle', type: 'service', renewable: true, orphan: true, creation_ttl: 60 }
      expect(body.data).toMatchObject({ ...shown, path: 'auth/approle/login', policies: ['app', 'default'] })
      expect(body.data.ttl).toBeLessThanOrEqual(60)
    },
  },
  {
    id: '25',
    name: 'renews by an increment, and never past the maximum',
    story: async (bed) => {
      const token = await bed.loginToken()
      const renew = async (increment?: string): ReturnType<typeof bed.ok> =>
        bed.ok('POST', 'auth/token/renew-self', { increment }, token)
      expect((await renew('30s')).body).toMatchObject({ auth: { lease_duration: 30 }, warnings: null })
      const capped = (await renew('1h')).body
      expect(capped.auth.lease_duration).toBeLessThanOrEqual(120)
      expect(capped.warnings).toEqual([TTL_WARNING])
    },
  },
  {
    id: '27',
    name: 'renews no token that is not renewable',
    steps: [
      create({ renewable: false, ttl: 60 }),
      { send: 'POST auth/token/renew-self', as: '$token', status: 400, errors: ['lease is not renewable'] },
    ],
  },
  {
    id: '28',
    name: 'renews a periodic token by its period',
    steps: [
      create({ period: '20s' }),
      {
        send: 'POST auth/token/renew-self',
        as: '$token',
        body: { increment: '1h' },
        status: 200,
        answer: { auth: { lease_duration: 20 } },
      },
      { send: 'GET auth/token/lookup-self', as: '$token', status: 200, answer: { data: { period: 20 } } },
    ],
  },
  {
    id: '30',
    name: 'ends a token on its own wish',
    servers: VAULT_ONLY,
    steps: [
      create({ ttl: 60 }),
      { send: 'POST auth/token/revoke-self', as: '$token', status: 204, answer: null },
      {
        send: 'GET auth/token/lookup-self',
        as: '$token',
        status: 403,
        errors: [E2('permission denied', 'invalid token')],
      },
    ],
  },
  {
    id: 'T3',
    name: 'makes batch tokens, which cannot be renewed, made more of, or revoked',
    steps: [
      create(
        { type: 'batch', ttl: 60, policies: ['app', 'mk'] },
        { answer: { auth: { token_type: 'batch', renewable: false } } },
      ),
      { send: 'GET auth/token/lookup-self', as: '$token', status: 200, answer: { data: { type: 'batch', accessor: '' } } },
      { send: 'POST auth/token/renew-self', as: '$token', status: 400, errors: ['batch tokens cannot be renewed'] },
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { policies: ['app'] },
        status: 400,
        errors: ['batch tokens cannot create more tokens'],
      },
      {
        send: 'POST auth/token/create',
        body: { type: 'batch', period: 20 },
        status: 400,
        errors: ['batch tokens cannot have "period" set'],
      },
      { send: 'POST auth/token/revoke-self', as: '$token', status: 400, errors: ['batch tokens cannot be revoked'] },
    ],
  },
  {
    id: 'T4',
    name: 'lets a token with few uses make no others, and ends it with the last',
    steps: [
      create({ num_uses: 2, policies: ['app', 'mk'] }),
      {
        send: 'POST auth/token/create',
        as: '$token',
        status: 400,
        errors: ['restricted use token cannot generate child tokens'],
      },
      { send: 'GET auth/token/lookup-self', as: '$token', status: 200, answer: { data: { num_uses: -1 } } },
      { send: 'GET auth/token/lookup-self', as: '$token', status: 403 },
    ],
  },
  {
    id: 'T5',
    name: 'knows tokens by their accessors',
    steps: [
      create(
        { ttl: 60, display_name: 'by accessor', meta: { a: 'b' } },
        { keep: { token: 'auth.client_token', accessor: 'auth.accessor' } },
      ),
      {
        send: 'POST auth/token/lookup-accessor',
        body: { accessor: '$accessor' },
        status: 200,
        answer: { data: { id: '', display_name: 'token-by-accessor', meta: { a: 'b' } } },
      },
      {
        send: 'POST auth/token/renew-accessor',
        body: { accessor: '$accessor', increment: 30 },
        status: 200,
        answer: { auth: { client_token: '', lease_duration: 30 } },
      },
      { send: 'POST auth/token/revoke-accessor', body: { accessor: '$accessor' }, status: 204 },
      { send: 'GET auth/token/lookup-self', as: '$token', status: 403 },
      { send: 'POST auth/token/lookup-accessor', body: { accessor: '$accessor' }, status: 400, errors: [E1('invalid accessor')] },
    ],
  },
  {
    id: 'T6',
    name: 'looks up, renews and revokes other tokens',
    steps: [
      create({ ttl: 60 }),
      { send: 'POST auth/token/lookup', body: { token: '$token' }, status: 200, answer: { data: { creation_ttl: 60 } } },
      { send: 'POST auth/token/renew', body: { token: '$token' }, status: 200, answer: { auth: { lease_duration: 60 } } },
      { send: 'POST auth/token/revoke', body: { token: '$token' }, status: 204 },
      { send: 'POST auth/token/revoke', body: { token: '$token' }, status: 204 },
      { send: 'POST auth/token/lookup', body: { token: '$token' }, status: 403, errors: ['bad token'] },
      { send: 'POST auth/token/lookup', body: {}, status: 200, answer: { data: { policies: ['root'] } } },
    ],
  },
  {
    id: 'T9',
    name: 'never ends the root token by itself',
    steps: [
      { send: 'GET auth/token/lookup-self', status: 200, answer: { data: { ttl: 0, expire_time: null, policies: ['root'] } } },
      { send: 'POST auth/token/renew-self', status: 400, errors: [expect.any(String)] },
    ],
  },
  {
    id: 'T14',
    name: 'lists accessors of tokens',
    steps: [
      create({ ttl: 60 }, { keep: { accessor: 'auth.accessor' } }),
      { send: 'LIST auth/token/accessors', status: 200, answer: { data: { keys: expect.any(Array) } } },
      { send: 'LIST auth/token/accessors', as: '$app', status: 403, errors: [E1('permission denied')] },
    ],
  },
  {
    id: 'T10',
    name: 'keeps a cubbyhole per token',
    steps: [
      { send: 'POST cubbyhole/mine', as: '$app', body: { a: 'b' }, status: 204 },
      { send: 'GET cubbyhole/mine', as: '$app', status: 200, answer: { data: { a: 'b' } } },
      { send: 'GET cubbyhole/mine', as: '$min', status: 404, errors: [] },
      { send: 'LIST cubbyhole', as: '$app', status: 200, answer: { data: { keys: ['mine'] } } },
      { send: 'DELETE cubbyhole/mine', as: '$app', status: 204 },
    ],
  },
]
