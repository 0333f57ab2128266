import { expect } from 'vitest'
import { hasMySql, type TestMysql } from '../../support/mysql'
import { type Bed, refused, uniqueName } from '../bed'
import { type Case, E1, VAULT_ONLY } from '../case'
import type { Answer } from '../client'

const CREATE = "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'; GRANT SELECT ON *.* TO '{{name}}'@'%'"

const CREATING = 'error creating database object: '

type Flavour = TestMysql['kind']

/** What is named so in the table. */
const TITLES: Readonly<Record<Flavour, string>> = { mariadb: 'MariaDB', mysql: 'MySQL' }

/** MariaDB, and MySQL where there is one, behind the MySQL plugin. */
export const MYSQL: readonly Case[] = [...casesFor('mariadb'), ...(hasMySql ? casesFor('mysql') : [])]

function casesFor(flavour: Flavour): Case[] {
  const title = TITLES[flavour]
  return [
    {
      id: `M1 ${title}`,
      name: `makes users with names of 32 characters on ${title}, and drops them`,
      story: async (bed) => {
        const { server, role } = await mysqlRole(bed, flavour)
        const issued = await bed.creds(role, bed.fixture.appToken)
        expect(issued.data.username).toMatch(/^v-[\w-]+-[A-Za-z0-9]{4,20}(-\d*)?$/)
        expect(issued.data.username.length).toBe(32)
        expect(await server.users(issued.data.username)).toHaveLength(1)
        expect((await bed.revoke(issued)).status).toBe(204)
        expect(await server.users(issued.data.username)).toEqual([])
      },
    },
    {
      id: `M2 ${title}`,
      name: `runs no statement to renew a lease of ${title}`,
      story: async (bed) => {
        const { role } = await mysqlRole(bed, flavour, { renew_statements: 'nonsense' })
        const issued = await bed.creds(role)
        expect((await bed.renew(issued, 20)).body).toMatchObject({ lease_duration: 20, data: null })
        await bed.ok('POST', 'sys/leases/revoke', { lease_id: issued.lease_id })
      },
    },
    {
      id: `M3 ${title}`,
      name: `cannot revoke a user of ${title} that is gone`,
      servers: VAULT_ONLY,
      story: async (bed) => {
        const { server, role } = await mysqlRole(bed, flavour)
        const issued = await bed.creds(role)
        await server.sql(`DROP USER '${issued.data.username}'@'%'`)
        const text = /^failed to revoke entry: resp: \(\*logical\.Response\)\(nil\) err: Error 1269 \(HY000\): /
        refused(await bed.revoke(issued), 400, expect.stringMatching(text))
        await bed.ok('PUT', `sys/leases/revoke-force/database/creds/${role}`)
      },
    },
    {
      id: `M4 ${title}`,
      name: `gives the texts of statements and connections that fail on ${title}`,
      servers: VAULT_ONLY,
      story: async (bed) => {
        const { server, role } = await mysqlRole(bed, flavour, { creation_statements: 'no statement' })
        const syntax =
          /^1 error occurred:\n\t\* Error 1064 \(42000\): You have an error in your SQL syntax; .* 'no statement' at line 1\n\n$/
        refused(await bed.call('GET', `database/creds/${role}`), 500, expect.stringMatching(syntax))
        const url = (address: string): object => ({ connection_url: `{{username}}:{{password}}@${address}` })
        const parse = `${CREATING}error verifying - connection: unable to parse connectionURL: `
        const ping = `${CREATING}error verifying - ping: `
        const slash = 'invalid DSN: missing the slash separating the database name'
        refused(await configure(bed, server, url('tcp(127.0.0.1:1)')), 400, `${parse}${slash}`)
        const tls = 'invalid value / unknown config name: foo'
        refused(await configure(bed, server, url('tcp(127.0.0.1:1)/?tls=foo')), 400, `${parse}${tls}`)
        const dial = 'dial tcp 127.0.0.1:1: connect: connection refused'
        refused(await configure(bed, server, url('tcp(127.0.0.1:1)/')), 400, `${ping}${dial}`)
        const denied = new RegExp(`^${CREATING}error verifying - ping: Error 1045 \\(28000\\): Access denied for user 'root'`)
        refused(await configure(bed, server, { password: 'p@ss:w/rd' }), 400, expect.stringMatching(denied))
      },
    },
    {
      id: `M5 ${title}`,
      name: `rotates the password of an account of ${title}`,
      servers: VAULT_ONLY,
      story: async (bed) => {
        const { server, connection } = await mysqlRole(bed, flavour)
        const username = uniqueName('account')
        const path = uniqueName('static')
        const write = (): Promise<Answer> =>
          bed.call('POST', `database/static-roles/${path}`, { db_name: connection, username, rotation_period: 60 })
        const failed = `error setting credentials: failed to change password: Error 1396 (HY000): Operation ALTER USER failed for '${username}'@'%'`
        refused(await write(), 500, E1(flavour === 'mysql' ? `${failed} (User account does not exist)` : failed))
        await server.sql(`CREATE USER '${username}'@'%' IDENTIFIED BY 'first'`)
        expect((await write()).status).toBe(204)
        const read = async (): Promise<string> =>
          (await bed.ok('GET', `database/static-creds/${path}`)).body.data.password as string
        const first = await read()
        expect((await bed.call('POST', `database/rotate-role/${path}`)).status).toBe(204)
        expect(await read()).not.toBe(first)
        await bed.ok('DELETE', `database/static-roles/${path}`)
      },
    },
    {
      id: `M6 ${title}`,
      name: `leaves a user of ${title} behind when a later statement fails`,
      story: async (bed) => {
        const left = uniqueName('left')
        const { server, role } = await mysqlRole(bed, flavour, {
          creation_statements: `CREATE USER '${left}'@'%' IDENTIFIED BY '{{password}}'; nonsense`,
        })
        const { status, body } = await bed.call('GET', `database/creds/${role}`)
        expect({ status, text: body.errors[0] }).toEqual({ status: 500, text: expect.stringContaining('Error 1064 (42000)') })
        expect(await server.users(left)).toEqual([left])
        await server.sql(`DROP USER '${left}'@'%'`)
      },
    },
  ]
}

function configure(bed: Bed, server: TestMysql, more: object, name = uniqueName('my')): Promise<Answer> {
  return bed.call('POST', `database/config/${name}`, {
    plugin_name: 'mysql-database-plugin',
    connection_url: `{{username}}:{{password}}@tcp(${server.host}:${server.port})/`,
    username: server.username,
    password: server.password,
    allowed_roles: '*',
    ...more,
  })
}

async function mysqlRole(
  bed: Bed,
  flavour: Flavour,
  more: object = {},
): Promise<{ server: TestMysql; connection: string; role: string }> {
  const server = await bed.mysql(flavour)
  const connection = uniqueName('my')
  const { status } = await configure(bed, server, {}, connection)
  expect(status).toBe(204)
  const role = await bed.role({ db_name: connection, creation_statements: CREATE, revocation_statements: [], ...more })
  return { server, connection, role }
}
