import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { type Bed, type Issued, refused, uniqueName } from '../bed'
import { type Case, E1, type Step } from '../case'
import { connection } from '../fixture'

/** Mounts that are moved. */
export const MOVES: readonly Case[] = [
  {
    id: 'V1',
    name: 'moves an engine with what it holds, and without its leases',
    story: async (bed) => {
      const [from, to] = [uniqueName('db'), uniqueName('moved')]
      await mountDatabase(bed, from)
      const issued = await credsOf(bed, from)
      await moved(bed, from, to)
      expect(await bed.hasUser(issued)).toBe(false)
      refused(await bed.lookup(issued), 400, 'invalid lease')
      refused(await bed.call('GET', `${from}/creds/ro`), 404, `no handler for route "${from}/creds/ro". route entry not found.`)
      expect((await credsOf(bed, to)).lease_id).toMatch(new RegExp(`^${to}/creds/ro/`))
      await bed.ok('DELETE', `sys/mounts/${to}`)
    },
  },
  {
    id: 'V2',
    name: 'moves a login method with its roles, and without its tokens',
    story: async (bed) => {
      const [from, to] = [uniqueName('logins'), uniqueName('moved')]
      await bed.ok('POST', `sys/auth/${from}`, { type: 'userpass' })
      await bed.ok('POST', `auth/${from}/users/ann`, { password: 'of-ann' })
      const login = (mount: string): Promise<string> =>
        bed.ok('POST', `auth/${mount}/login/ann`, { password: 'of-ann' }, '').then(({ body }) => body.auth.client_token as string)
      const token = await login(from)
      await moved(bed, `auth/${from}`, `auth/${to}`)
      expect((await bed.lookupSelf(token)).status).toBe(403)
      expect((await bed.lookupSelf(await login(to))).body.data.path).toBe(`auth/${to}/login/ann`)
      await bed.ok('DELETE', `sys/auth/${to}`)
    },
  },
  {
    id: 'V3',
    name: 'says why a mount cannot be moved',
    steps: [
      move('never-was', 'b', 'no matching mount at "never-was/"'),
      move('database', 'secret', 'path already in use at "secret/"'),
      move('database', 'secret/x', 'path already in use at "secret/"'),
      move('sys', 'x', 'cannot remount "sys/"'),
      move('auth/token', 'auth/x', 'cannot remount "auth/token/"'),
      move('database', 'sys/x', 'cannot remount to destination sys/x/'),
      move('database', 'auth/x', 'cannot remount to destination auth/x/'),
      move('auth/approle', 'x', 'cannot remount auth mount to non-auth mount "x/"'),
      move('', 'x', "both 'from' and 'to' path must be specified as a string"),
      move('database', '', "both 'from' and 'to' path must be specified as a string"),
      { send: 'GET sys/remount/status/nope', status: 404, errors: [] },
      { send: 'GET sys/remount', status: 405, errors: [E1('unsupported operation')] },
      {
        send: 'POST sys/remount',
        as: '$min',
        body: { from: 'database', to: 'x' },
        status: 403,
        errors: [E1('permission denied')],
      },
    ],
  },
]

function move(from: string, to: string, error: string): Step {
  return { send: 'POST sys/remount', body: { from, to }, status: 400, errors: [error] }
}

async function moved(bed: Bed, from: string, to: string): Promise<void> {
  const started = await bed.ok('POST', 'sys/remount', { from, to })
  expect(started.body).toMatchObject({ warnings: [expect.stringContaining('Mount move has been queued')] })
  const id = started.body.migration_id as string
  expect(started.body.data).toEqual({ migration_id: id })
  const info = async (): Promise<{ source_mount: string; target_mount: string; status: string }> =>
    (await bed.ok('GET', `sys/remount/status/${id}`)).body.data.migration_info
  const seen = await poll('the mount has moved', info, ({ status }) => status !== 'in-progress')
  expect(seen).toEqual({ source_mount: `${from}/`, target_mount: `${to}/`, status: 'success' })
}

async function mountDatabase(bed: Bed, mount: string): Promise<void> {
  await bed.ok('POST', `sys/mounts/${mount}`, { type: 'database' })
  await bed.ok('POST', `${mount}/config/pg`, connection(bed.databaseUrl))
  const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' IN ROLE readers`
  const fields = { db_name: 'pg', creation_statements, revocation_statements: 'DROP ROLE IF EXISTS "{{name}}"' }
  await bed.ok('POST', `${mount}/roles/ro`, fields)
}

async function credsOf(bed: Bed, mount: string): Promise<Issued> {
  return (await bed.ok('GET', `${mount}/creds/ro`)).body as Issued
}
