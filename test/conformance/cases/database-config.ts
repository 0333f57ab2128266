import { expect } from 'vitest'
import { type Bed, refused, uniqueName } from '../bed'
import { type Case, E1, VAULT_ONLY } from '../case'
import { connection } from '../fixture'
import type { Answer } from '../client'

const CREATING = 'error creating database object: '

/** What is wrong with a connection, and what Vault says of it. */
const REFUSALS: readonly [object, string][] = [
  [{ plugin_name: '' }, 'empty plugin name'],
  [
    { plugin_name: 'nope' },
    `${CREATING}invalid database version: 2 errors occurred:\n\t* plugin not found in the catalog: nope\n\t* plugin not found in the catalog: nope\n\n`,
  ],
  [{ connection_url: '' }, `${CREATING}connection_url cannot be empty`],
  [{ username: '', password: '' }, `${CREATING}must either provide username/password or set self-managed to 'true'`],
  [{ auth_type: 'abc' }, `${CREATING}invalid auth_type: abc`],
  [{ max_connection_lifetime: 'abc' }, `${CREATING}invalid max_connection_lifetime: time: invalid duration "abc"`],
  [
    { max_open_connections: 'abc' },
    `${CREATING}1 error(s) decoding:\n\n* cannot parse 'max_open_connections' as int: strconv.ParseInt: parsing "abc": invalid syntax`,
  ],
  [{ password_authentication: 'foo' }, `${CREATING}'foo' is not a valid password authentication type`],
  [
    { username_template: '{{ foo 3 }}' },
    `${CREATING}unable to initialize username template: unable to parse template: template: template:1: function "foo" not defined`,
  ],
  [{ username_template: true }, `${CREATING}failed to retrieve username_template: invalid value at username_template: is a bool`],
  [
    { rotation_period: '24h' },
    'error registering rotation job: error registering rotation job: rotation manager capabilities not supported in Vault community edition',
  ],
]

/** Connections, password policies and the texts of static roles. */
export const DATABASE_CONFIG: readonly Case[] = [
  {
    id: 'E1',
    name: 'refuses connections that cannot work, and says why',
    servers: VAULT_ONLY,
    story: async (bed) => {
      for (const [more, text] of REFUSALS) refused(await configure(bed, uniqueName('no'), more), 400, text)
      const name = uniqueName('no')
      refused(await configure(bed, name, { password: 'wrong pw' }), 400, expect.stringMatching(WRONG_PASSWORD))
      refused(await bed.call('GET', `database/config/${name}`), 404)
    },
  },
  {
    id: 'E2',
    name: 'merges an update into a connection, and shows all but the password',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const name = uniqueName('conn')
      expect((await configure(bed, name, { allowed_roles: 'a, b*', foo: 'bar', root_rotation_statements: 'x' })).status).toBe(204)
      expect((await bed.call('POST', `database/config/${name}`, { max_open_connections: 5 })).status).toBe(204)
      const { data } = (await bed.ok('GET', `database/config/${name}`)).body
      const { connection_url, username } = connection(bed.databaseUrl)
      expect(data).toEqual({
        allowed_roles: ['a', 'b*'],
        connection_details: { connection_url, foo: 'bar', max_open_connections: 5, username },
        disable_automated_rotation: false,
        password_policy: '',
        plugin_name: 'postgresql-database-plugin',
        plugin_version: '',
        root_credentials_rotate_statements: ['x'],
        rotation_period: 0,
        rotation_schedule: '',
        rotation_window: 0,
        skip_static_role_import_rotation: false,
        verify_connection: true,
      })
      expect((await bed.call('DELETE', `database/config/${name}`)).status).toBe(204)
    },
  },
  {
    id: 'E3',
    name: 'warns of a password in the url and of fields that it does not know',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const name = uniqueName('conn')
      const url = 'postgresql://x:y@h/d'
      const more = { connection_url: url, verify_connection: false, foo: 1, tls_ca: '', disable_escaping: true }
      const { status, body } = await configure(bed, name, more)
      expect(status).toBe(200)
      expect(body.warnings).toEqual([
        'Password found in connection_url, use a templated url to enable root rotation and prevent read access to password information.',
        'Endpoint ignored these unrecognized parameters: [foo tls_ca]',
      ])
      const { data } = (await bed.ok('GET', `database/config/${name}`)).body
      expect(data.connection_details.connection_url).toBe('postgresql://x:xxxxx@h/d')
      await bed.ok('DELETE', `database/config/${name}`)
    },
  },
  {
    id: 'E4',
    name: 'opens connections anew, and rotates only an admin of which it knows name and password',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const name = uniqueName('conn')
      const missing = E1('failed to find entry for connection with name: "absent"')
      refused(await bed.call('POST', 'database/reset/absent'), 500, missing)
      refused(await bed.call('POST', 'database/rotate-root/absent'), 500, missing)
      await configure(bed, name, { connection_url: bed.databaseUrl, username: '', password: '' })
      expect((await bed.call('POST', `database/reset/${name}`)).status).toBe(204)
      const noName = E1('unable to rotate root credentials: no username in configuration')
      refused(await bed.call('POST', `database/rotate-root/${name}`), 500, noName)
      expect((await bed.ok('POST', 'database/reload/nope')).body.data).toEqual({ connections: [], count: 0 })
      await bed.ok('DELETE', `database/config/${name}`)
    },
  },
  {
    id: 'E5',
    name: 'makes passwords by a policy',
    story: async (bed) => {
      const path = `sys/policies/password/${uniqueName('policy')}`
      const put = (policy?: string): Promise<Answer> => bed.call('POST', path, { policy })
      refused(await put(), 400, E1('missing policy'))
      refused(await put('length=20'), 400, E1(`invalid password policy: ${E1('no charset specified')}`))
      refused(
        await put('length=2\nrule "charset" {\n charset="abc"\n}'),
        400,
        E1('passwords must be between 4 and 100 characters'),
      )
      const unknown = 'invalid password policy: unable to parse rules: unable to parse rule foo: unrecognized rule type foo'
      refused(await put('length=20\nrule "foo" {\n charset="abc"\n}'), 400, E1(unknown))
      const policy = 'length=12\nrule "charset" {\n charset="abc"\n min-chars=1\n}'
      expect((await put(policy)).status).toBe(204)
      expect((await bed.ok('GET', path)).body.data).toEqual({ policy })
      expect((await bed.ok('GET', `${path}/generate`)).body.data.password).toMatch(/^[abc]{12}$/)
      const role = await bed.role({ credential_config: { password_policy: path.split('/').at(-1) } })
      expect((await bed.creds(role)).data.password).toMatch(/^[abc]{12}$/)
      expect((await bed.call('DELETE', path)).status).toBe(204)
      refused(await bed.call('GET', path), 404, E1('policy does not exist'))
      const gone = E1('failed to generate password: no password policy found')
      refused(await bed.call('GET', `database/creds/${role}`), 500, gone)
    },
  },
  {
    id: 'E6',
    name: 'issues nothing but passwords on PostgreSQL',
    servers: VAULT_ONLY,
    story: async (bed) => {
      refused(
        await bed.call('POST', 'database/roles/x', { db_name: 'pg', credential_type: 'foo' }),
        400,
        'invalid credential_type "foo"',
      )
      const role = await bed.role({
        credential_type: 'rsa_private_key',
        revocation_statements: ['', 'y'],
        creation_statements: ['x', ''],
      })
      const { data } = (await bed.ok('GET', `database/roles/${role}`)).body
      expect(data).toMatchObject({
        creation_statements: ['x', ''],
        revocation_statements: ['y'],
        credential_config: { format: 'pkcs8', key_bits: 2048 },
      })
      refused(await bed.call('GET', `database/creds/${role}`), 400, 'unsupported credential_type: "rsa_private_key"')
    },
  },
  {
    id: 'E6 V',
    name: 'refuses what is no map of texts, even to who may not write, and takes null',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const role = await bed.role()
      const write = (credential_config: unknown, token = bed.root): Promise<Answer> =>
        bed.call('POST', `database/roles/${role}`, { credential_config }, token)
      const why = expect.stringContaining('error converting input for field "credential_config": invalid key pair')
      refused(await write('x', bed.fixture.minToken), 400, why)
      refused(await write(5), 400, why)
      expect((await write(null)).status).toBe(204)
      expect((await write('a=b')).status).toBe(204)
    },
  },
  {
    id: 'E7',
    name: 'refuses static roles without a rule, with two, and with a schedule that is none',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const write = (more: object): Promise<Answer> =>
        bed.call('POST', `database/static-roles/${uniqueName('static')}`, { db_name: 'pg', username: 'nobody', ...more })
      const both =
        'mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be provided'
      refused(await write({ rotation_period: 30, rotation_schedule: '* * * * *' }), 400, both)
      refused(
        await write({ rotation_period: 30, rotation_window: 3600 }),
        400,
        'rotation_window is invalid with use of rotation_period',
      )
      for (const [schedule, why] of SCHEDULES) {
        const text = `could not parse rotation_schedule%!(EXTRA string=error, *errors.errorString=${why})`
        refused(await write({ rotation_schedule: schedule }), 400, text)
      }
      refused(await write({ db_name: '' }), 400, 'database name is a required field')
      refused(await write({ username: '' }), 400, 'username is a required field to create a static account')
      const missing = E1('failed to find entry for connection with name: "none"')
      refused(await write({ db_name: 'none', rotation_period: 30 }), 500, missing)
      const unknown = E1('failed to execute query: ERROR: role "nobody" does not exist (SQLSTATE 42704)')
      refused(await write({ rotation_period: 30 }), 500, E1(`error setting credentials: ${unknown}`))
    },
  },
]

const WRONG_PASSWORD =
  /^error creating database object: error verifying connection: ping failed: failed to connect to `host=\S+ user=\S+ database=\S+`: failed SASL auth \(FATAL: password authentication failed for user "\w+" \(SQLSTATE 28P01\)\)$/

const SCHEDULES = [
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['61 * * * *', 'end of range (61) above maximum (59): 61'],
  ['@daily', 'parser does not accept descriptors: @daily'],
] as const

function configure(bed: Bed, name: string, more: object): Promise<Answer> {
  return bed.call('POST', `database/config/${name}`, { ...connection(bed.databaseUrl), ...more })
}
