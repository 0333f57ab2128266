import { expect } from 'vitest'
import { type Case, E1, VAULT_ONLY } from '../case'
import { refused, uniqueName } from '../bed'

const rules = (...lines: readonly (readonly [path: string, capabilities: string])[]): string =>
  lines.map(([path, capabilities]) => `path "${path}" { capabilities = [${capabilities}] }`).join('\n')

/** Policies, and what a token may do by them. */
export const POLICIES: readonly Case[] = [
  {
    id: '29',
    name: 'tells a token what it may do',
    steps: [
      {
        send: 'POST sys/capabilities-self',
        as: '$app',
        body: { paths: ['database/creds/ro', 'sys/mounts'] },
        status: 200,
        answer: {
          'database/creds/ro': ['read'],
          'sys/mounts': ['deny'],
          data: { 'database/creds/ro': ['read'], 'sys/mounts': ['deny'] },
        },
      },
      {
        send: 'POST sys/capabilities-self',
        body: { path: 'sys/mounts' },
        status: 200,
        answer: { capabilities: ['root'], 'sys/mounts': ['root'] },
      },
      { send: 'POST sys/capabilities-self', as: '$app', status: 400, errors: ['paths must be supplied'] },
    ],
  },
  {
    id: 'P1',
    name: 'writes, reads, lists and deletes policies',
    story: async (bed) => {
      const name = uniqueName('policy')
      const policy = rules(['a/b', '"read"'])
      expect((await bed.call('POST', `sys/policies/acl/${name}`, { policy })).status).toBe(204)
      expect((await bed.ok('GET', `sys/policies/acl/${name}`)).body).toMatchObject({ data: { name, policy } })
      expect((await bed.ok('GET', `sys/policy/${name}`)).body).toMatchObject({ data: { name, rules: policy } })
      expect((await bed.ok('LIST', 'sys/policies/acl')).body.data.keys).toEqual(expect.arrayContaining([name, 'default', 'root']))
      expect((await bed.call('DELETE', `sys/policies/acl/${name}`)).status).toBe(204)
      expect(await bed.call('GET', `sys/policies/acl/${name}`)).toMatchObject({ status: 404, body: { errors: [] } })
    },
  },
  {
    id: 'P2',
    name: 'refuses policies that nobody could mean',
    steps: [
      { send: 'POST sys/policies/acl/odd', body: { policy: 'path "x" {' }, status: 400 },
      { send: 'POST sys/policies/acl/odd', body: { policy: rules(['x', '"fly"']) }, status: 400 },
      {
        send: 'POST sys/policies/acl/odd',
        body: {},
        status: 400,
        errors: ["'policy' parameter not supplied or empty"],
      },
      { send: 'DELETE sys/policies/acl/default', status: 400, errors: ['cannot delete default policy'] },
      {
        send: 'POST sys/policies/acl/root',
        body: { policy: rules(['x', '"read"']) },
        status: 400,
        errors: ['cannot update "root" policy'],
      },
    ],
  },
  {
    id: 'P3',
    name: 'takes the rule that says most about a path, and lets deny win',
    story: async (bed) => {
      const one = uniqueName('policy')
      const other = uniqueName('policy')
      const policy = rules(
        ['p/*', '"read"'],
        ['p/exact', '"update", "read"'],
        ['p/+/x', '"list"'],
        ['p/no/*', '"deny"'],
        ['p/both', '"read", "deny"'],
      )
      await bed.ok('POST', `sys/policies/acl/${one}`, { policy })
      await bed.ok('POST', `sys/policies/acl/${other}`, {
        policy: rules(['p/exact', '"delete"'], ['p/shut', '"deny"'], ['p/no/way', '"read"']),
      })
      const token = await bed.createToken({ policies: [one, other] })
      const wanted = {
        'p/some/thing': ['read'],
        'p/exact': ['delete', 'read', 'update'],
        'p/a/x': ['list'],
        'p/no/x': ['deny'],
        'p/no/way': ['read'],
        'p/both': ['deny'],
        'p/shut': ['deny'],
        q: ['deny'],
      }
      const { body } = await bed.ok('POST', 'sys/capabilities-self', { paths: Object.keys(wanted) }, token)
      expect(body.data).toEqual(wanted)
    },
  },
  {
    id: 'P4',
    name: 'follows a policy that changes while a token lives',
    story: async (bed) => {
      const name = uniqueName('policy')
      const token = await bed.createToken({ policies: [name] })
      const read = async (): Promise<number> => (await bed.call('GET', 'database/roles/ro', undefined, token)).status
      expect(await read()).toBe(403)
      await bed.ok('POST', `sys/policies/acl/${name}`, { policy: rules(['database/roles/*', '"read"']) })
      expect(await read()).toBe(200)
      await bed.ok('DELETE', `sys/policies/acl/${name}`)
      expect(await read()).toBe(403)
    },
  },
  {
    id: 'P5',
    name: 'wants sudo besides the capability on some paths',
    story: async (bed) => {
      const name = uniqueName('policy')
      await bed.ok('POST', `sys/policies/acl/${name}`, {
        policy: rules(['sys/leases/revoke-prefix/*', '"update"'], ['sys/leases/lookup/*', '"list", "sudo"']),
      })
      const token = await bed.createToken({ policies: [name] })
      const prefix = await bed.call('POST', 'sys/leases/revoke-prefix/nothing/here', {}, token)
      expect(prefix).toMatchObject({ status: 403, body: { errors: [E1('permission denied')] } })
      const listed = await bed.call('LIST', 'sys/leases/lookup/nothing/', undefined, token)
      expect(listed).toMatchObject({ status: 404, body: { errors: [] } })
    },
  },
  {
    id: 'P1 V',
    name: 'reads a policy with a slash behind its name',
    servers: VAULT_ONLY,
    steps: [
      { send: 'GET sys/policies/acl/min/', status: 200, answer: { data: { name: 'min' } } },
      { send: 'GET sys/policies/acl/root/', status: 200, answer: { data: { name: 'root', policy: '' } } },
    ],
  },
  {
    id: '29 V',
    name: 'tells a token in its last use nothing',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const token = await bed.createToken({ num_uses: 1, ttl: 60 })
      const answer = await bed.call('POST', 'sys/capabilities-self', { path: 'sys/mounts' }, token)
      refused(answer, 400, E1('invalid token'))
    },
  },
]
