import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { type Bed, refused, uniqueName } from '../bed'
import type { Case } from '../case'
import { connection } from '../fixture'

/** Accounts that exist already, whose passwords Vault changes. */
export const STATIC_ROLES: readonly Case[] = [
  {
    id: '66',
    name: 'takes over an account, and changes its password at once',
    story: async (bed) => {
      const username = await account(bed)
      const name = uniqueName('static')
      const write = (more: object): ReturnType<typeof bed.call> =>
        bed.call('POST', `database/static-roles/${name}`, { db_name: 'pg', username, ...more })
      refused(await write({ rotation_period: 3 }), 400, expect.stringContaining('rotation_period must be 5 seconds or more'))
      refused(await write({}), 400, 'one of rotation_schedule or rotation_period must be provided to create a static account')
      expect((await write({ rotation_period: 60 })).status).toBe(204)
      const { body } = await bed.ok('GET', `database/static-creds/${name}`, undefined, bed.fixture.appToken)
      expect(body).toMatchObject({ lease_id: '', lease_duration: 0, renewable: false })
      expect(body.data).toMatchObject({ username, rotation_period: 60, last_vault_rotation: expect.any(String) })
      expect(body.data.ttl).toBeLessThanOrEqual(60)
      expect(await bed.logIn(username, body.data.password as string)).toBe('ok')
      expect(await bed.logIn(username, 'first')).toBe('28P01')
    },
  },
  {
    id: '67',
    name: 'changes a password when told to',
    story: async (bed) => {
      const { name, username } = await staticRole(bed, 60)
      const before = await password(bed, name)
      expect((await bed.call('POST', `database/rotate-role/${name}`)).status).toBe(204)
      const { data } = (await bed.ok('GET', `database/static-creds/${name}`)).body
      expect(data.password).not.toBe(before)
      expect(data.ttl).toBeGreaterThanOrEqual(58)
      expect(await bed.logIn(username, before)).toBe('28P01')
      expect(await bed.logIn(username, data.password as string)).toBe('ok')
      refused(await bed.call('POST', 'database/rotate-role/absent'), 400, 'no static role found for role name')
    },
  },
  {
    id: '68',
    name: 'changes a password every period, under an open session',
    story: async (bed) => {
      const { name, username } = await staticRole(bed, 6)
      const first = await password(bed, name)
      const session = await bed.session(username, first)
      const startMs = performance.now()
      await poll('the password changes', () => password(bed, name), (now) => now !== first, 16_000) // prettier-ignore
      expect(performance.now() - startMs).toBeGreaterThan(4_000)
      await session.query('SELECT 1')
      await session.end()
    },
  },
  {
    id: '69',
    name: 'changes the password of its own account',
    story: async (bed) => {
      const admin = uniqueName('admin')
      const connectionName = uniqueName('own')
      await bed.database.pool.query(`CREATE ROLE "${admin}" LOGIN SUPERUSER PASSWORD 'first'`)
      const fields = { ...connection(bed.databaseUrl), username: admin, password: 'first' }
      await bed.ok('POST', `database/config/${connectionName}`, fields)
      const role = await bed.role({ db_name: connectionName })
      expect((await bed.call('POST', `database/rotate-root/${connectionName}`)).status).toBe(204)
      expect(await bed.logIn(admin, 'first')).toBe('28P01')
      expect(await bed.hasUser(await bed.creds(role))).toBe(true)
    },
  },
  {
    id: 'S1',
    name: 'shows, lists and deletes static roles, and leaves the account',
    story: async (bed) => {
      const { name, username } = await staticRole(bed, 60)
      const { data } = (await bed.ok('GET', `database/static-roles/${name}`)).body
      expect(data).toMatchObject({ db_name: 'pg', username, rotation_period: 60, rotation_statements: [] })
      expect((await bed.ok('LIST', 'database/static-roles')).body.data.keys).toContain(name)
      const last = await password(bed, name)
      expect((await bed.call('DELETE', `database/static-roles/${name}`)).status).toBe(204)
      refused(await bed.call('GET', `database/static-creds/${name}`), 400, `unknown role: ${name}`)
      expect(await bed.logIn(username, last)).toBe('ok')
    },
  },
]

async function account(bed: Bed): Promise<string> {
  const username = `${uniqueName('account')}-${bed.kind}`
  await bed.database.pool.query(`CREATE ROLE "${username}" LOGIN PASSWORD 'first'`)
  return username
}

async function staticRole(bed: Bed, rotation_period: number): Promise<{ name: string; username: string }> {
  const username = await account(bed)
  const name = uniqueName('static')
  await bed.ok('POST', `database/static-roles/${name}`, { db_name: 'pg', username, rotation_period })
  return { name, username }
}

async function password(bed: Bed, name: string): Promise<string> {
  return (await bed.ok('GET', `database/static-creds/${name}`)).body.data.password as string
}
