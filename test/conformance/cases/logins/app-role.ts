import { expect } from 'vitest'
import { refused, uniqueName } from '../../bed'
import { type Case, E1, type Step, VAULT_ONLY } from '../../case'
import type { Answer } from '../../client'
import { allRefused, logIn, mount } from './shared'

const role = (body: object, text: string, status = 400): Step => ({
  ...{ send: 'POST auth/approle/role/refused', body, status },
  errors: [status === 500 ? E1(text) : text],
})

const NO_BLOCK = 'failed to validate CIDR blocks: invalid CIDR address: x'
const LONG_PERIOD = 'period of "1000h0m0s" is greater than the backend\'s maximum lease TTL of "768h0m0s"'

const FIELDS: readonly (readonly [path: string, body: object, shown: object, usual: object])[] = [
  ['policies', { token_policies: 'b,A' }, { token_policies: ['a', 'b'] }, { token_policies: [] }],
  ['secret-id-bound-cidrs', { secret_id_bound_cidrs: '127.0.0.0/8' }, { secret_id_bound_cidrs: ['127.0.0.0/8'] }, { secret_id_bound_cidrs: null }], // prettier-ignore
  ['token-bound-cidrs', { token_bound_cidrs: '127.0.0.1/32' }, { token_bound_cidrs: ['127.0.0.1'] }, { token_bound_cidrs: null }], // prettier-ignore
  ['secret-id-num-uses', { secret_id_num_uses: 3 }, { secret_id_num_uses: 3 }, { secret_id_num_uses: 0 }],
  ['secret-id-ttl', { secret_id_ttl: '5m' }, { secret_id_ttl: 300 }, { secret_id_ttl: 0 }],
  ['period', { period: 60 }, { token_period: 60, period: 60 }, { token_period: 0 }],
  ['token-num-uses', { token_num_uses: 5 }, { token_num_uses: 5 }, { token_num_uses: 0 }],
  ['token-ttl', { token_ttl: '1m' }, { token_ttl: 60 }, { token_ttl: 0 }],
  ['token-max-ttl', { token_max_ttl: 120 }, { token_max_ttl: 120 }, { token_max_ttl: 0 }],
]

/** Logins by AppRole, beyond the table of the reference. */
export const APP_ROLE_LOGINS: readonly Case[] = [
  {
    id: 'LR1',
    name: 'refuses AppRoles that cannot be',
    steps: [
      role({ token_num_uses: -1 }, "'token_num_uses' cannot be negative"),
      role({ token_type: 'nope' }, 'invalid \'token_type\' value "nope"'),
      role({ token_type: 'batch', token_period: 5 }, "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens"), // prettier-ignore
      role({ token_type: 'batch', token_num_uses: 5 }, "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count"), // prettier-ignore
      role({ token_bound_cidrs: 'x' }, 'error parsing address "x": Unable to convert "x" to an IPv4 or IPv6 address, or a UNIX Socket'), // prettier-ignore
      role({ secret_id_bound_cidrs: 'x' }, NO_BLOCK, 500),
      role({ role_id: '' }, 'invalid role_id supplied, or failed to generate a role_id'),
      role({ bind_secret_id: false }, 'at least one constraint should be enabled on the role', 500),
      role({ period: '1000h' }, LONG_PERIOD),
    ],
  },
  {
    id: 'LR2',
    name: 'shows an AppRole with all of its fields',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = `auth/approle/role/${uniqueName('Role')}`
      const answer = await bed.ok('POST', path, { token_type: 'default-batch', token_max_ttl: '1000h', policies: 'B,a,b' })
      expect(answer.body.warnings).toEqual([
        'default-batch has no useful meaning; adjusting to batch',
        "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated",
      ])
      expect((await bed.ok('GET', path.toLowerCase())).body.data).toEqual({
        ...{ bind_secret_id: true, local_secret_ids: false, secret_id_bound_cidrs: null },
        ...{ secret_id_num_uses: 0, secret_id_ttl: 0, token_bound_cidrs: [], token_explicit_max_ttl: 0 },
        ...{ token_max_ttl: 3_600_000, token_no_default_policy: false, token_num_uses: 0, token_period: 0 },
        ...{ token_policies: ['a', 'b'], policies: ['a', 'b'], token_ttl: 0, token_type: 'batch' },
      })
      refused(await bed.call('POST', path, { local_secret_ids: true }), 400, 'local_secret_ids can only be modified during role creation') // prettier-ignore
    },
  },
  {
    id: 'LR3',
    name: 'reads, writes and resets the fields of an AppRole one by one',
    story: async (bed) => {
      const path = `auth/approle/role/${uniqueName('role')}`
      await bed.ok('POST', path, {})
      for (const [field, body, shown, usual] of FIELDS) {
        expect((await bed.ok('POST', `${path}/${field}`, body)).status, field).toBe(204)
        expect((await bed.ok('GET', `${path}/${field}`)).body.data, field).toEqual(shown)
        expect((await bed.ok('DELETE', `${path}/${field}`)).status, field).toBe(204)
        expect((await bed.ok('GET', `${path}/${field}`)).body.data, field).toEqual(usual)
        refused(await bed.call('GET', `auth/approle/role/absent/${field}`), 404)
        refused(await bed.call('POST', `auth/approle/role/absent/${field}`, body), 404, E1('unsupported path'))
      }
      refused(await bed.call('POST', `${path}/token-ttl`, {}), 400, 'missing token_ttl')
      refused(await bed.call('POST', `${path}/local-secret-ids`, {}), 405, E1('unsupported operation'))
    },
  },
  {
    id: 'LR4',
    name: 'refuses secret ids that exceed their role',
    story: async (bed) => {
      const path = `auth/approle/role/${uniqueName('role')}`
      await bed.ok('POST', path, { secret_id_num_uses: 5, secret_id_ttl: 600, secret_id_bound_cidrs: '10.0.0.0/8' })
      const mint = (body: object): Promise<Answer> => bed.call('POST', `${path}/secret-id`, body)
      const tooMany = "num_uses cannot be higher than the role's secret_id_num_uses"
      const tooLong = "ttl cannot be longer than the role's secret_id_ttl"
      await allRefused([
        [mint({ num_uses: 0 }), 400, tooMany],
        [mint({ num_uses: 6 }), 400, tooMany],
        [mint({ num_uses: -1 }), 400, 'num_uses cannot be negative'],
        [mint({ ttl: 0 }), 400, tooLong],
        [mint({ ttl: 601 }), 400, tooLong],
        [mint({ metadata: '{"a":1}' }), 400, 'failed to parse metadata: failed to parse the input: invalid <key,value> format'],
        [mint({ cidr_list: 'x' }), 500, E1(NO_BLOCK)],
        [mint({ cidr_list: '127.0.0.1/32' }), 500, expect.stringContaining('failed to verify subset relationship')],
        [bed.call('POST', `${path}/custom-secret-id`, {}), 400, 'missing secret_id'],
        [bed.call('POST', 'auth/approle/role/absent/secret-id', {}), 404, 'role "absent" does not exist'],
      ])
      await bed.ok('POST', `${path}/custom-secret-id`, { secret_id: 'mine' })
      const again = await bed.call('POST', `${path}/custom-secret-id`, { secret_id: 'mine' })
      refused(again, 500, E1('failed to store secret_id: SecretID is already registered'))
    },
  },
  {
    id: 'LR5',
    name: 'lists, looks up and destroys secret ids by accessor',
    story: async (bed) => {
      const path = `auth/approle/role/${uniqueName('role')}`
      await bed.ok('POST', path, {})
      refused(await bed.call('LIST', `${path}/secret-id`), 404)
      const { data } = (await bed.ok('POST', `${path}/secret-id`, { metadata: 'a=b', ttl: 60 })).body as { data: Record<string, unknown> } // prettier-ignore
      const { secret_id_accessor } = data
      expect((await bed.ok('LIST', `${path}/secret-id`)).body.data.keys).toEqual([secret_id_accessor])
      const found = await bed.ok('POST', `${path}/secret-id-accessor/lookup`, { secret_id_accessor })
      const fields = { metadata: { a: 'b' }, secret_id_ttl: 60, secret_id_num_uses: 0, cidr_list: [], token_bound_cidrs: [] }
      expect(found.body.data).toMatchObject({ ...fields, secret_id_accessor, expiration_time: expect.any(String) })
      expect((await bed.call('POST', `${path}/secret-id-accessor/destroy`, { secret_id_accessor })).status).toBe(204)
      const unknown = await bed.call('POST', `${path}/secret-id-accessor/lookup`, { secret_id_accessor, more: 1 })
      expect([unknown.status, (unknown.body as { warnings: unknown }).warnings]).toEqual([404, null])
      const destroyed = await bed.call('POST', `${path}/secret-id-accessor/destroy`, { secret_id_accessor })
      refused(destroyed, 500, E1(`failed to find accessor entry for secret_id_accessor: "${String(secret_id_accessor)}"`))
      refused(await bed.call('LIST', 'auth/approle/role/absent/secret-id'), 400, 'role "absent" does not exist')
    },
  },
  {
    id: 'LR6',
    name: 'lets an AppRole in from its addresses only',
    story: async (bed) => {
      const path = await mount(bed, 'approle')
      const here = { bind_secret_id: false, secret_id_bound_cidrs: '127.0.0.1/32', token_bound_cidrs: '10.0.0.0/8' }
      await bed.ok('POST', `${path}/role/here`, { ...here, role_id: 'here' })
      await bed.ok('POST', `${path}/role/there`, { ...here, role_id: 'there', secret_id_bound_cidrs: '10.0.0.0/8' })
      const there = await bed.call('POST', `${path}/login`, { role_id: 'there' }, '')
      refused(there, 400, expect.stringContaining('source address "127.0.0.1" unauthorized by CIDR restrictions on the role'))
      const { client_token: token } = await logIn(bed, `${path}/login`, { role_id: 'here' })
      refused(await bed.lookupSelf(token as string), 403, 'permission denied')
      const { body } = await bed.ok('POST', 'auth/token/lookup', { token })
      expect(body.data.bound_cidrs).toEqual(['10.0.0.0/8'])
    },
  },
  {
    id: 'LR7',
    name: 'gives tokens of an AppRole what the role says, and one entity',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'approle')
      await bed.ok('POST', `${path}/role/batch`, { role_id: 'batch', token_type: 'batch', token_ttl: 30, token_policies: 'App' })
      await bed.ok('POST', `${path}/role/none`, { role_id: 'none', token_no_default_policy: true, token_num_uses: 7 })
      await bed.ok('POST', `${path}/role/period`, { role_id: 'period', token_period: 40 })
      const log = async (name: string): Promise<Record<string, unknown>> => {
        const { body } = await bed.ok('POST', `${path}/role/${name}/secret-id`, { metadata: '{"k":"v"}' })
        return logIn(bed, `${path}/login`, { role_id: name, secret_id: body.data.secret_id as string })
      }
      const metadata = { k: 'v', role_name: 'batch' }
      const first = await log('batch')
      expect(first).toMatchObject({ token_type: 'batch', accessor: '', lease_duration: 30, renewable: false, orphan: true })
      expect(first).toMatchObject({ policies: ['app', 'default'], metadata })
      expect(first['entity_id']).toMatch(/^[\da-f-]{36}$/)
      expect((await log('batch'))['entity_id']).toBe(first['entity_id'])
      const without = await log('none')
      expect(without).toMatchObject({ policies: [], num_uses: 7 })
      expect(without).not.toHaveProperty('token_policies')
      const token = (await log('period'))['client_token'] as string
      expect((await bed.lookupSelf(token)).body.data).toMatchObject({ period: 40, display_name: path.slice('auth/'.length) })
    },
  },
  {
    id: 'LR8',
    name: 'locks out as the mount is tuned to',
    story: async (bed) => {
      const path = await mount(bed, 'approle')
      const tune = (user_lockout_config: object): Promise<Answer> => bed.ok('POST', `sys/${path}/tune`, { user_lockout_config })
      await bed.ok('POST', `${path}/role/r`, { role_id: 'r' })
      const wrong = (): Promise<Answer> => bed.call('POST', `${path}/login`, { role_id: 'r', secret_id: 'no' }, '')
      await tune({ lockout_disable: true })
      for (let time = 0; time < 7; time++) refused(await wrong(), 400, 'invalid role or secret ID')
      await tune({ lockout_disable: false, lockout_threshold: '2' })
      await bed.ok('POST', `${path}/role/s`, { role_id: 's' })
      const other = (): Promise<Answer> => bed.call('POST', `${path}/login`, { role_id: 's', secret_id: 'no' }, '')
      for (let time = 0; time < 2; time++) refused(await other(), 400, 'invalid role or secret ID')
      refused(await other(), 403, 'permission denied')
    },
  },
  {
    id: 'LR9',
    name: 'wants a role id before anything else',
    steps: [
      {
        ...{ send: 'POST auth/approle/login', as: '', body: { secret_id: 'x' }, status: 500 },
        errors: ['failed to determine alias name from login request'],
      },
    ],
    servers: VAULT_ONLY,
  },
]
