import { expect } from 'vitest'
import { type Case, E1, VAULT_ONLY } from '../case'

const ENVELOPE = ['request_id', 'lease_id', 'renewable', 'lease_duration', 'data', 'wrap_info', 'warnings', 'auth']

/** How bodies are read and written, whatever the path. */
export const BODIES: readonly Case[] = [
  {
    id: '11',
    name: 'refuses JSON that is none',
    steps: [
      { send: 'POST sys/leases/renew', body: '{"a" 1}', status: 400, errors: [expect.stringContaining('error parsing JSON')] },
      { send: 'POST sys/leases/renew', body: '["a"]', status: 400, errors: [expect.stringContaining('error parsing JSON')] },
    ],
  },
  {
    id: '11 V',
    name: 'fails at JSON that stops in the middle',
    servers: VAULT_ONLY,
    steps: [{ send: 'POST sys/leases/renew', body: '{', status: 500, errors: ['malformed JSON, unclosed containers'] }],
  },
  {
    id: '12',
    name: 'refuses to write to a folder',
    steps: [{ send: 'POST database/roles/x/', body: {}, status: 400, errors: ["cannot write to a path ending in '/'"] }],
  },
  {
    id: '13',
    name: 'puts every answer into the whole envelope',
    story: async (bed) => {
      for (const path of ['database/roles/ro', 'auth/token/lookup-self', 'sys/policies/acl/min']) {
        const { body } = await bed.ok('GET', path)
        expect(Object.keys(body as object), path).toEqual(expect.arrayContaining(ENVELOPE))
      }
    },
  },
  {
    id: '13 V',
    name: 'names the type of the mount',
    servers: VAULT_ONLY,
    steps: [
      { send: 'GET database/roles/ro', status: 200, answer: { mount_type: 'database' } },
      { send: 'GET auth/token/lookup-self', status: 200, answer: { mount_type: 'token' } },
      { send: 'GET sys/policies/acl/min', status: 200, answer: { mount_type: 'system' } },
    ],
  },
  {
    id: 'B1',
    name: 'warns of fields that an endpoint does not know, in order',
    steps: [
      { send: 'POST auth/token/create', body: { ttl: 60 }, status: 200, warnings: null, keep: { token: 'auth.client_token' } },
      {
        send: 'POST auth/token/renew-self',
        as: '$token',
        body: { b: 1, a: 2 },
        status: 200,
        warnings: ['Endpoint ignored these unrecognized parameters: [a b]'],
      },
    ],
  },
  {
    id: 'B2',
    name: 'refuses a known field of a wrong type',
    steps: [
      {
        send: 'POST auth/token/renew-self',
        as: '$app',
        body: { increment: -1 },
        status: 400,
        errors: [expect.stringContaining('Field validation failed')],
      },
      {
        send: 'POST auth/token/create',
        body: { ttl: { a: 1 } },
        status: 400,
        errors: [expect.stringContaining('Field validation failed')],
      },
    ],
  },
  {
    id: 'B3',
    name: 'takes a form instead of JSON',
    steps: [
      {
        send: 'POST sys/capabilities-self',
        as: '$app',
        body: 'path=sys%2Fmounts',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        status: 200,
        answer: { capabilities: ['deny'] },
      },
    ],
  },
  {
    id: 'B4',
    name: 'wants a merge patch to be called one',
    steps: [
      {
        send: 'PATCH database/roles/ro',
        body: {},
        headers: { 'Content-Type': 'application/json' },
        status: 415,
        errors: ['PATCH requires Content-Type of application/merge-patch+json, provided application/json'],
      },
      {
        send: 'PATCH database/roles/ro',
        body: {},
        headers: { 'Content-Type': 'application/merge-patch+json' },
        status: 405,
        errors: [E1('unsupported operation')],
      },
    ],
  },
  {
    id: 'B5',
    name: 'knows HEAD on status paths only',
    steps: [
      { send: 'HEAD sys/health', as: '', status: 200, answer: null },
      { send: 'HEAD database/roles/ro', status: 405, answer: null },
      { send: 'HEAD database/roles/ro', as: '$min', status: 403, answer: null },
    ],
  },
  {
    id: 'B6',
    name: 'knows no other methods',
    steps: [{ send: 'OPTIONS sys/leases/lookup', status: 405 }],
  },
  {
    id: 'B7',
    name: 'lists by method and by query',
    steps: [
      { send: 'LIST database/roles', status: 200, answer: { data: { keys: expect.arrayContaining(['ro', 'tiny']) } } },
      { send: 'GET database/roles?list=true', status: 200, answer: { data: { keys: expect.arrayContaining(['ro', 'tiny']) } } },
      { send: 'GET database/roles', status: 405 },
    ],
  },
  {
    id: 'B8',
    name: 'takes PUT for POST',
    steps: [{ send: 'PUT auth/token/create', body: { ttl: 60 }, status: 200 }],
  },
  {
    id: 'B9',
    name: 'tells not to keep what it answers',
    story: async (bed) => {
      const { headers } = await bed.ok('GET', 'auth/token/lookup-self')
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' })
    },
  },
  {
    id: '11 L',
    name: 'reads the body of a list, and no body before the path',
    servers: VAULT_ONLY,
    steps: [
      { send: 'LIST database/roles', body: '{"a":1}x', status: 500, errors: [expect.stringContaining('after top-level value')] },
      { send: 'GET database/roles/%00', body: '{', status: 400, answer: null },
    ],
  },
]
