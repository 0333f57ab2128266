import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { type Bed, refused, uniqueName } from '../bed'
import { type Case, VAULT_ONLY } from '../case'
import { connection } from '../fixture'

/** Mounts: what they are made of, where they may be, and what being tuned does to leases and tokens. */
export const SYSTEM: readonly Case[] = [
  {
    id: 'Y1',
    name: 'refuses mounts of no type, of an unknown one, and where there is one',
    steps: [
      { send: 'POST sys/mounts/odd', body: {}, status: 400, errors: ['backend type must be specified as a string'] },
      { send: 'POST sys/mounts/odd', body: { type: 'nonsense' }, status: 400, errors: [expect.stringContaining('nonsense')] },
      {
        send: 'POST sys/mounts/database',
        body: { type: 'database' },
        status: 400,
        errors: ['path is already in use at database/'],
      },
      { send: 'POST sys/auth/approle', body: { type: 'approle' }, status: 400, errors: ['path is already in use at approle/'] },
      { send: 'DELETE sys/mounts/never-was', status: 204, answer: null },
    ],
  },
  {
    id: 'Y2',
    name: 'gives a lease the ttl that its mount is tuned to',
    story: async (bed) => {
      const mount = await databaseMount(bed)
      const duration = async (): Promise<number> => (await bed.ok('GET', `${mount}/creds/ro`)).body.lease_duration as number
      expect(await duration()).toBe(2_764_800)
      await bed.ok('POST', `sys/mounts/${mount}/tune`, { default_lease_ttl: '50s' })
      expect(await duration()).toBe(50)
      await bed.ok('POST', `sys/mounts/${mount}/tune`, { default_lease_ttl: '30s', max_lease_ttl: '40s' })
      expect(await duration()).toBe(30)
      await bed.ok('POST', `${mount}/roles/ro`, { default_ttl: '45s' })
      const capped = (await bed.ok('GET', `${mount}/creds/ro`)).body
      expect(capped).toMatchObject({
        lease_duration: 40,
        warnings: [expect.stringContaining('exceeded the effective max_ttl of "40s"')],
      })
      await bed.ok('DELETE', `sys/mounts/${mount}`)
    },
  },
  {
    id: 'Y3',
    name: 'caps tokens by what their login method is tuned to',
    story: async (bed) => {
      const path = uniqueName('logins')
      await bed.ok('POST', `sys/auth/${path}`, { type: 'approle' })
      await bed.ok('POST', `sys/auth/${path}/tune`, { max_lease_ttl: '40s' })
      await bed.ok('POST', `auth/${path}/role/r`, { token_policies: 'app', token_ttl: '1m' })
      const role_id = (await bed.ok('GET', `auth/${path}/role/r/role-id`)).body.data.role_id as string
      const secret_id = (await bed.ok('POST', `auth/${path}/role/r/secret-id`)).body.data.secret_id as string
      const { body } = await bed.ok('POST', `auth/${path}/login`, { role_id, secret_id }, '')
      expect(body.auth.lease_duration).toBe(40)
      const token = body.auth.client_token as string
      expect((await bed.lookupSelf(token)).body.data).toMatchObject({ display_name: path, path: `auth/${path}/login` })
      expect((await bed.call('DELETE', `sys/auth/${path}`)).status).toBe(204)
      await poll(
        'the token is dead',
        async () => (await bed.lookupSelf(token)).status,
        (status) => status === 403,
      )
    },
  },
  {
    id: 'Y4',
    name: 'shows mounts one by one, and says which are not there',
    steps: [
      { send: 'GET sys/mounts/database', status: 200, answer: { data: { type: 'database' } } },
      { send: 'GET sys/auth/approle', status: 200, answer: { data: { type: 'approle' } } },
      { send: 'GET sys/mounts/absent', status: 400, errors: ['No secret engine mount at absent/'] },
      { send: 'GET sys/auth/absent', status: 400, errors: ['No auth engine at absent/'] },
      { send: 'GET sys/auth', status: 200, answer: { 'token/': { type: 'token' }, data: { 'token/': { type: 'token' } } } },
    ],
  },
  {
    id: 'Y5',
    name: 'refuses to take itself apart',
    steps: [
      { send: 'DELETE sys/mounts/sys', status: 400 },
      { send: 'DELETE sys/auth/token', status: 400 },
    ],
  },
  {
    id: 'Y6',
    name: 'takes a path below an engine for the engine, but not for one of its own',
    servers: VAULT_ONLY,
    steps: [
      { send: 'GET sys/mounts/database/x', status: 200, answer: { data: { type: 'database' } } },
      { send: 'GET sys/mounts/database/x/tune', status: 200, answer: { data: { force_no_cache: false } } },
      { send: 'GET sys/auth/approle/x', status: 400, errors: ['No auth engine at approle/x/'] },
      { send: 'POST sys/mounts/cubbyhole/tune', body: { description: 'x' }, status: 400, errors: ['cannot tune "cubbyhole/"'] },
    ],
  },
]

async function databaseMount(bed: Bed): Promise<string> {
  const mount = uniqueName('db')
  await bed.ok('POST', `sys/mounts/${mount}`, { type: 'database' })
  const answer = await bed.call('GET', `${mount}/creds/ro`)
  refused(answer, 400, 'unknown role: ro')
  await bed.ok('POST', `${mount}/config/pg`, connection(bed.databaseUrl))
  const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' IN ROLE readers`
  const fields = { db_name: 'pg', creation_statements, revocation_statements: 'DROP ROLE IF EXISTS "{{name}}"' }
  await bed.ok('POST', `${mount}/roles/ro`, fields)
  return mount
}
