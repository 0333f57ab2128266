import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { type Case, E1 } from '../case'
import { refused, uniqueName } from '../bed'

/** Credentials of dynamic roles. */
export const CREDS: readonly Case[] = [
  {
    id: '31',
    name: 'issues a user with a lease',
    story: async (bed) => {
      const issued = (await bed.ok('GET', 'database/creds/ro', undefined, await bed.loginToken())).body
      expect(issued).toMatchObject({ lease_duration: 30, renewable: true, warnings: null, auth: null })
      expect(issued.lease_id).toMatch(/^database\/creds\/ro\/[A-Za-z0-9]{24}$/)
      expect(issued.data.username).toMatch(/^v-approle-ro-[A-Za-z0-9]{20}-[0-9]{10}$/)
      expect(issued.data.password).toMatch(/^[A-Za-z0-9-]{20}$/)
    },
  },
  {
    id: '32',
    name: 'makes a user that can log in until five seconds past its lease',
    story: async (bed) => {
      const { data } = await bed.creds('ro')
      expect(await bed.logIn(data.username, data.password)).toBe('ok')
      expect(Math.abs((await bed.database.validSeconds(data.username)) - 35)).toBeLessThan(3)
    },
  },
  {
    id: '33',
    name: 'caps the ttl of a role by its maximum, and says so',
    steps: [
      {
        send: 'GET database/creds/wide',
        as: '$app',
        status: 200,
        answer: { lease_duration: 3600 },
        warnings: ['TTL of "2h" exceeded the effective max_ttl of "1h"; TTL value is capped accordingly'],
      },
    ],
  },
  {
    id: '34',
    name: 'takes the ttl of the mount for a role without one',
    steps: [{ send: 'GET database/creds/free', as: '$app', status: 200, answer: { lease_duration: 2_764_800 } }],
  },
  {
    id: '35',
    name: 'knows no credentials of an unknown role',
    steps: [{ send: 'GET database/creds/absent', status: 400, errors: ['unknown role: absent'] }],
  },
  {
    id: '36',
    name: 'issues nothing to a role that its connection does not allow',
    steps: [{ send: 'GET database/creds/denied', status: 500, errors: [E1('"denied" is not an allowed role')] }],
  },
  {
    id: '37',
    name: 'issues nothing over a connection that is not there',
    steps: [
      {
        send: 'GET database/creds/ghost',
        status: 500,
        errors: [E1('failed to find entry for connection with name: "none"')],
      },
    ],
  },
  {
    id: '38',
    name: 'leaves no user behind when a creation statement fails',
    story: async (bed) => {
      const { status, body } = await bed.call('GET', 'database/creds/broken')
      expect({ status, text: body.errors[0] }).toEqual({
        status: 500,
        text: expect.stringMatching(/^1 error occurred:\n\t\* failed to execute query: ERROR: /),
      })
      expect((await bed.database.dynamicUsers()).filter((name) => name.includes('-broken-'))).toEqual([])
    },
  },
  {
    id: '39',
    name: 'keeps no lease of a token that ends with the request',
    story: async (bed) => {
      const token = await bed.createToken({ policies: ['app'], num_uses: 1 })
      const role = await bed.role()
      const answer = await bed.call('GET', `database/creds/${role}`, undefined, token)
      refused(answer, 400, expect.stringContaining('token had one use left'))
      const isGone = async (): Promise<boolean> => {
        const leases = await bed.call('LIST', `sys/leases/lookup/database/creds/${role}`)
        return leases.status === 404
      }
      await poll('no lease is left', isGone, (gone) => gone)
    },
  },
  {
    id: 'C1',
    name: 'gives the texts of failing statements',
    story: async (bed) => {
      const role = await bed.role({ creation_statements: [`DO $$ BEGIN RAISE EXCEPTION 'it is {{password}}'; END $$`] })
      refused(
        await bed.call('GET', `database/creds/${role}`),
        500,
        expect.stringContaining('failed to execute query: ERROR: it is '),
      )
    },
  },
  {
    id: 'D1',
    name: 'masks passwords in the texts of failing statements',
    servers: ['dev-vault'],
    story: async (bed) => {
      const role = await bed.role({ creation_statements: [`DO $$ BEGIN RAISE EXCEPTION 'it is {{password}}'; END $$`] })
      refused(
        await bed.call('GET', `database/creds/${role}`),
        500,
        expect.stringContaining('ERROR: it is [password] (SQLSTATE P0001)'),
      )
    },
  },
  {
    id: 'C2',
    name: 'shows roles and connections, without secrets',
    steps: [
      {
        send: 'GET database/roles/ro',
        status: 200,
        answer: {
          data: {
            db_name: 'pg',
            default_ttl: 30,
            max_ttl: 90,
            renew_statements: [],
            rollback_statements: [],
            credential_type: 'password',
          },
        },
      },
      {
        send: 'GET database/config/pg',
        status: 200,
        answer: {
          data: {
            plugin_name: 'postgresql-database-plugin',
            allowed_roles: ['*'],
            connection_details: { username: expect.any(String) },
          },
        },
      },
      { send: 'LIST database/config', status: 200, answer: { data: { keys: expect.arrayContaining(['pg', 'pg2']) } } },
    ],
  },
  {
    id: 'C3',
    name: 'refuses roles and connections that lack the essential',
    steps: [
      { send: 'POST database/roles/odd', body: {}, status: 400, errors: ['database name is required'] },
      { send: 'POST database/config/odd', body: {}, status: 400, errors: ['empty plugin name'] },
    ],
  },
  {
    id: 'C4',
    name: 'refuses a connection that cannot log in',
    story: async (bed) => {
      const { host, pathname } = new URL(bed.databaseUrl)
      const connection_url = `postgresql://{{username}}:{{password}}@${host}${pathname}?sslmode=disable`
      const body = { plugin_name: 'postgresql-database-plugin', connection_url, username: 'nobody', password: 'wrong' }
      const text = expect.stringContaining('error creating database object: error verifying connection: ')
      refused(await bed.call('POST', 'database/config/refused', body), 400, text)
      expect((await bed.call('GET', 'database/config/refused')).status).toBe(404)
      expect((await bed.call('POST', 'database/config/unverified', { ...body, verify_connection: false })).status).toBe(204)
    },
  },
  {
    id: 'C6',
    name: 'takes names of letters, digits, _ . and - only',
    steps: [
      { send: 'GET database/roles/a@b', status: 404, errors: [E1('unsupported path')] },
      { send: 'GET database/creds/a%20b', status: 404, errors: [E1('unsupported path')] },
      { send: 'GET database/creds/a-', status: 404, errors: [E1('unsupported path')] },
      { send: 'GET database/creds/A.b_c-d', status: 400, errors: ['unknown role: A.b_c-d'] },
    ],
  },
  {
    id: 'C5',
    name: 'limits leases by what the mount is tuned to',
    story: async (bed) => {
      const mount = uniqueName('db')
      await bed.ok('POST', `sys/mounts/${mount}`, { type: 'database', config: { default_lease_ttl: '20s' } })
      await bed.ok('POST', `sys/mounts/${mount}/tune`, { max_lease_ttl: '25s' })
      const tuned = (await bed.ok('GET', `sys/mounts/${mount}/tune`)).body.data as object
      expect(tuned).toMatchObject({ default_lease_ttl: 20, max_lease_ttl: 25 })
      const { body } = await bed.ok('GET', `sys/mounts`)
      expect(body.data[`${mount}/`]).toMatchObject({ type: 'database', config: { default_lease_ttl: 20, max_lease_ttl: 25 } })
      expect((await bed.call('POST', `sys/mounts/${mount}`, { type: 'database' })).body).toEqual({
        errors: [`path is already in use at ${mount}/`],
      })
      expect((await bed.call('DELETE', `sys/mounts/${mount}`)).status).toBe(204)
    },
  },
]
