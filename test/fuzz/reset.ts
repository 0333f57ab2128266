import type { Answer } from '../conformance/client'
import { CREATE, setUpFixture } from '../conformance/fixture'
import type { Side } from './side'

/** Puts a server back into the fixture's state: what differed before no longer matters for what comes. */
export async function reset(side: Side): Promise<void> {
  const root = (method: string, path: string, body?: unknown): Promise<Answer> =>
    side.send({ method, path, body, token: side.root })
  const listed = async (path: string): Promise<string[]> => ((await root('LIST', path)).body?.data?.keys ?? []) as string[]
  for (const prefix of ['database', 'm1', 'm2']) await root('PUT', `sys/leases/revoke-force/${prefix}`)
  for (const mount of ['m1/deep', 'm1', 'm2', 'absent', 'x-', 'a@b', 'a%20b', 'secret'])
    await root('DELETE', `sys/mounts/${mount}`)
  for (const mount of ['l1', 'l2', 'absent', 'userpass', 'jwt']) await root('DELETE', `sys/auth/${mount}`)
  for (const name of await listed('sys/policies/acl')) {
    if (name !== 'root' && name !== 'default') await root('DELETE', `sys/policies/acl/${encodeURIComponent(name)}`)
  }
  for (const name of await listed('auth/token/roles')) await root('DELETE', `auth/token/roles/${encodeURIComponent(name)}`)
  await root('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } })
  for (const type of ['userpass', 'jwt']) await root('POST', `sys/auth/${type}`, { type })
  for (const name of await listed('sys/policies/password'))
    await root('DELETE', `sys/policies/password/${encodeURIComponent(name)}`)
  const { roleId } = await setUpFixture(side.send, side.root, side.databaseUrl)
  for (const name of ['f1', 'f2']) {
    await root('POST', `database/roles/${name}`, { db_name: 'pg', creation_statements: CREATE, default_ttl: 600 })
  }
  for (const made of Object.values(side.pool)) made.length = 0
  side.fixed = { root: side.root, bogus: 's.bogus', none: '', roleId }
}

/** Makes the tokens that requests go by. Apart from the rest, to be done in the same second on both servers. */
export async function makeTokens(side: Side): Promise<void> {
  const create = async (more: object): Promise<string> => {
    const { body } = await side.send({ method: 'POST', path: 'auth/token/create', token: side.root, body: more })
    return body.auth.client_token as string
  }
  const app = await create({ policies: ['app'], display_name: 'app' })
  const min = await create({ policies: ['min'], display_name: 'min' })
  const batch = await create({ type: 'batch', policies: ['app'], ttl: '1h' })
  side.fixed = { ...side.fixed, app, min, batch }
}
