import type { Answer, Send } from './client'

/** What the fixture leaves behind for the cases. */
export interface Fixture {
  readonly roleId: string
  /** Has the policies `app` and `default`, and lives for the whole run. */
  readonly appToken: string
  /** Has the policies `min` and `default`, and lives for the whole run. */
  readonly minToken: string
}

/** Works without table grants: concurrent GRANTs on one table refuse each other in PostgreSQL. */
export const CREATE = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE readers`
export const DROP = 'DROP ROLE IF EXISTS "{{name}}"'

/** Sets up a server through Vault's own API, alike on every server. `url` is the admin's, to a database with a group role `readers`. */
export async function setUpFixture(send: Send, token: string, url: string): Promise<Fixture> {
  const write = async (path: string, body: object): Promise<Answer> => {
    const answer = await send({ method: 'POST', path, body, token })
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }
  // dev-vault is never without the two; a real server takes the removal of what is not there.
  for (const path of ['sys/mounts/database', 'sys/auth/approle']) await send({ method: 'DELETE', path, token })
  await write('sys/mounts/database', { type: 'database' })
  await write('sys/auth/approle', { type: 'approle' })
  for (const [name, more] of Object.entries(CONNECTIONS)) await write(`database/config/${name}`, { ...connection(url), ...more })
  for (const [name, more] of Object.entries(ROLES)) await write(`database/roles/${name}`, { ...ROLE, ...more })
  for (const [name, policy] of Object.entries(POLICIES)) await write(`sys/policies/acl/${name}`, { policy })
  await write('auth/approle/role/app', { token_policies: 'app', token_ttl: 60, token_max_ttl: '2m', secret_id_num_uses: 0 })
  await write('auth/approle/role/lock', { token_policies: ['app'] })
  const roleId = await send({ method: 'GET', path: 'auth/approle/role/app/role-id', token })
  const create = async (policy: string): Promise<string> => {
    const answer = await write('auth/token/create', { policies: [policy], display_name: policy })
    return answer.body.auth.client_token as string
  }
  return { roleId: roleId.body.data.role_id as string, appToken: await create('app'), minToken: await create('min') }
}

/** The fields of `database/config/:name` for the admin's url. */
export function connection(url: string): Record<string, unknown> {
  const { username, password, host, pathname } = new URL(url)
  return {
    plugin_name: 'postgresql-database-plugin',
    username,
    password,
    connection_url: `postgresql://{{username}}:{{password}}@${host}${pathname}?sslmode=disable`,
    allowed_roles: '*',
  }
}

const CONNECTIONS = { pg: {}, pg2: { allowed_roles: '' } }

const ROLE = { db_name: 'pg', creation_statements: CREATE, revocation_statements: DROP, default_ttl: '30s', max_ttl: 90 }

const ROLES: Record<string, object> = {
  ro: {},
  tiny: { default_ttl: 4, max_ttl: 10 },
  free: { default_ttl: 0, max_ttl: 0 },
  wide: { default_ttl: '2h', max_ttl: '1h' },
  broken: { creation_statements: [`${CREATE}; GRANT nonsense`] },
  stuck: { revocation_statements: ['SELECT nonsense'] },
  ghost: { db_name: 'none' },
  denied: { db_name: 'pg2' },
}

const POLICIES = {
  min: 'path "database/creds/+" { capabilities = ["read"] }',
  mk: 'path "auth/token/create*" { capabilities = ["update", "sudo"] }',
  plain: 'path "auth/token/create*" { capabilities = ["update"] }',
  app: `path "database/creds/+" { capabilities = ["read"] }
path "database/static-creds/+" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }`,
}
