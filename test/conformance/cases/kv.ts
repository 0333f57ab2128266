import { expect } from 'vitest'
import { uniqueName } from '../bed'
import { type Case, E1, VAULT_ONLY } from '../case'

/** Key/value secrets, with versions at `secret/` and without at a mount of their own. */
export const KV: readonly Case[] = [
  {
    id: 'K1',
    name: 'keeps versions of a secret, and writes only over the one that is named',
    steps: [
      { send: 'GET secret/data/k1', status: 404, errors: [] },
      { send: 'POST secret/data/k1', body: { data: { a: 1 } }, status: 200, answer: { data: { version: 1, destroyed: false } } },
      {
        send: 'POST secret/data/k1',
        body: { data: { a: 2 }, options: { cas: 1 } },
        status: 200,
        answer: { data: { version: 2 } },
      },
      {
        send: 'POST secret/data/k1',
        body: { data: { a: 3 }, options: { cas: 1 } },
        status: 400,
        errors: ['check-and-set parameter did not match the current version'],
      },
      {
        send: 'GET secret/data/k1',
        status: 200,
        answer: { data: { data: { a: 2 }, metadata: { version: 2 } }, mount_type: 'kv' },
      },
      { send: 'GET secret/data/k1?version=1', status: 200, answer: { data: { data: { a: 1 } } } },
      { send: 'GET secret/data/k1?version=9', status: 404, errors: [] },
      { send: 'POST secret/data/k1', body: {}, status: 400, errors: ['no data provided'] },
    ],
  },
  {
    id: 'K2',
    name: 'deletes, undeletes and destroys versions, and lists names',
    steps: [
      { send: 'POST secret/data/k2/one', body: { data: { a: 1 } }, status: 200 },
      { send: 'POST secret/data/k2/two/three', body: { data: { a: 1 } }, status: 200 },
      { send: 'LIST secret/metadata/k2', status: 200, answer: { data: { keys: ['one', 'two/'] } } },
      { send: 'DELETE secret/data/k2/one', status: 204 },
      { send: 'GET secret/data/k2/one', status: 404, answer: { data: { data: null, metadata: { version: 1 } } } },
      { send: 'POST secret/undelete/k2/one', body: { versions: [1] }, status: 204 },
      { send: 'GET secret/data/k2/one', status: 200, answer: { data: { data: { a: 1 } } } },
      { send: 'POST secret/destroy/k2/one', body: { versions: [1] }, status: 204 },
      { send: 'GET secret/data/k2/one', status: 404, answer: { data: { data: null, metadata: { destroyed: true } } } },
      { send: 'DELETE secret/metadata/k2/one', status: 204 },
      { send: 'GET secret/metadata/k2/one', status: 404, errors: [] },
      {
        send: 'GET secret/nonsense',
        status: 404,
        answer: { warnings: [expect.stringContaining('Invalid path for a versioned')] },
      },
    ],
  },
  {
    id: 'K3',
    name: 'patches the last version',
    steps: [
      { send: 'POST secret/data/k3', body: { data: { a: 1, b: 2 } }, status: 200 },
      {
        send: 'PATCH secret/data/k3',
        body: { data: { b: null, c: 3 } },
        headers: { 'Content-Type': 'application/merge-patch+json' },
        status: 200,
        answer: { data: { version: 2 } },
      },
      { send: 'GET secret/data/k3', status: 200, answer: { data: { data: { a: 1, c: 3 } } } },
    ],
  },
  {
    id: 'K4',
    name: 'keeps secrets without versions',
    story: async (bed) => {
      const mount = uniqueName('kv')
      await bed.ok('POST', `sys/mounts/${mount}`, { type: 'kv' })
      expect((await bed.call('GET', `${mount}/a/b`)).status).toBe(404)
      expect((await bed.call('POST', `${mount}/a/b`, { x: 1, ttl: '1m' })).status).toBe(204)
      const read = await bed.ok('GET', `${mount}/a/b`)
      expect(read.body).toMatchObject({ data: { x: 1, ttl: '1m' }, lease_id: '', lease_duration: 60, renewable: false })
      expect((await bed.ok('LIST', mount)).body.data.keys).toEqual(['a/'])
      expect((await bed.call('DELETE', `${mount}/a/b`)).status).toBe(204)
      expect((await bed.call('LIST', mount)).body).toEqual({ errors: [] })
      await bed.ok('DELETE', `sys/mounts/${mount}`)
    },
  },
  {
    id: 'K5',
    name: 'lets a token without a policy for it see no secret',
    steps: [{ send: 'GET secret/data/k5', as: '$min', status: 403, errors: [E1('permission denied')] }],
  },
  {
    id: 'K6',
    name: 'has no versions at the paths of folders',
    servers: VAULT_ONLY,
    steps: [
      {
        send: 'GET secret/data/k6/',
        status: 404,
        answer: { data: null },
        warnings: [expect.stringContaining(`use 'vault kv get'`)],
      },
      { send: 'DELETE secret/data/k6/', status: 404, warnings: [expect.stringContaining(`use 'vault kv delete'`)] },
      {
        send: 'GET secret/data',
        status: 404,
        warnings: ['Non-listing operations on the root of a K/V v2 mount are not supported.'],
      },
    ],
  },
]
