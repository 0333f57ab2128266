import { expect } from 'vitest'
import { type Case, E1 } from '../case'
import { refused, uniqueName } from '../bed'
import { connection } from '../fixture'

const ALL_GRANTS = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'; GRANT SELECT ON t TO "{{name}}"`

/** Giving leases back, and what the database makes of it. */
export const REVOCATION: readonly Case[] = [
  {
    id: '50',
    name: 'drops the user before it answers',
    story: async (bed) => {
      const token = await bed.loginToken()
      const issued = await bed.creds('ro', token)
      refused(await bed.revoke(issued, bed.fixture.minToken), 403, E1('permission denied'))
      expect((await bed.revoke(issued, token)).status).toBe(204)
      expect(await bed.hasUser(issued)).toBe(false)
      refused(await bed.renew(issued, undefined, token), 400, 'lease not found')
      expect((await bed.revoke(issued, token)).status).toBe(204)
    },
  },
  {
    id: '51',
    name: 'drops the user later if that is wished',
    story: async (bed) => {
      const issued = await bed.creds('ro')
      expect(await bed.revoke(issued, bed.root, { sync: false })).toMatchObject({ status: 202, body: undefined })
      await bed.dropped(issued)
    },
  },
  {
    id: '54',
    name: 'takes a user that is gone already for revoked',
    story: async (bed) => {
      const issued = await bed.creds(await bed.role({ revocation_statements: [] }))
      await bed.database.pool.query(`DROP ROLE "${issued.data.username}"`)
      expect((await bed.revoke(issued)).status).toBe(204)
    },
  },
  {
    id: '55',
    name: 'keeps a lease that the database refuses to end, until it is forced',
    story: async (bed) => {
      const role = await bed.role({ revocation_statements: ['SELECT nonsense'] })
      const issued = await bed.creds(role)
      refused(
        await bed.revoke(issued),
        400,
        expect.stringContaining('failed to revoke entry: resp: (*logical.Response)(nil) err: '),
      )
      expect((await bed.lookup(issued)).status).toBe(200)
      expect((await bed.call('POST', `sys/leases/revoke-force/database/creds/${role}`)).status).toBe(204)
      refused(await bed.lookup(issued), 400, 'invalid lease')
      expect(await bed.hasUser(issued)).toBe(true)
    },
  },
  {
    id: '57',
    name: 'revokes all leases below a prefix',
    story: async (bed) => {
      const role = await bed.role()
      const both = [await bed.creds(role), await bed.creds(role)]
      const path = `sys/leases/revoke-prefix/database/creds/${role}`
      expect((await bed.call('POST', path)).status).toBe(204)
      for (const issued of both) expect(await bed.hasUser(issued)).toBe(false)
      expect((await bed.call('POST', path)).status).toBe(204)
    },
  },
  {
    id: '65',
    name: 'leaves an open session without the rights of its user',
    story: async (bed) => {
      const issued = await bed.creds(await bed.role({ creation_statements: ALL_GRANTS, revocation_statements: [] }))
      const { username, password } = issued.data
      const session = await bed.session(username, password)
      await session.query('SELECT * FROM t')
      expect((await bed.revoke(issued)).status).toBe(204)
      await session.query('SELECT 1')
      await expect(session.query('SELECT * FROM t')).rejects.toMatchObject({ code: '42501' })
      expect(await bed.logIn(username, password)).toBe('28P01')
      await session.end()
    },
  },
  {
    id: 'R1',
    name: 'revokes by url, and at the old path',
    story: async (bed) => {
      const issued = await bed.creds('ro')
      expect((await bed.call('PUT', `sys/leases/revoke/${issued.lease_id}`)).status).toBe(204)
      expect(await bed.hasUser(issued)).toBe(false)
    },
  },
  {
    id: 'R2',
    name: 'revokes what a mount leased when it is unmounted',
    story: async (bed) => {
      const mount = uniqueName('db')
      await bed.ok('POST', `sys/mounts/${mount}`, { type: 'database' })
      await bed.ok('POST', `${mount}/config/pg`, connection(bed.databaseUrl))
      const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' IN ROLE readers`
      await bed.ok('POST', `${mount}/roles/ro`, {
        db_name: 'pg',
        creation_statements,
        revocation_statements: 'DROP ROLE "{{name}}"',
      })
      const issued = (await bed.ok('GET', `${mount}/creds/ro`)).body
      expect((await bed.call('DELETE', `sys/mounts/${mount}`)).status).toBe(204)
      await bed.dropped(issued)
      refused(await bed.lookup(issued), 400, 'invalid lease')
      refused(await bed.call('GET', `${mount}/creds/ro`), 404, `no handler for route "${mount}/creds/ro". route entry not found.`)
    },
  },
]
