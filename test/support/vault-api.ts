/** Sends one request as an operator would; throws on everything but 2xx. */
export type VaultApi = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>

export function vaultApi(address: string, token: string): VaultApi {
  return async (method, path, body) => {
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}

export interface VaultSetup {
  /** Admin url of the PostgreSQL server, to a database that the app does not use: its connections would count. */
  readonly postgresUrl: string
  readonly defaultTtl: string
  readonly maxTtl: string
  readonly tokenTtl?: string
  readonly tokenMaxTtl?: string
}

/** The role `app`, or its new durations. */
export async function setUpRole(api: VaultApi, { defaultTtl, maxTtl }: Pick<VaultSetup, 'defaultTtl' | 'maxTtl'>): Promise<void> {
  await api('POST', 'app-db/roles/app', {
    db_name: 'pg',
    creation_statements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`],
    revocation_statements: ['DROP ROLE IF EXISTS "{{name}}"'],
    default_ttl: defaultTtl,
    max_ttl: maxTtl,
  })
}

/** Everything that an operator configures for one app: database engine, role `app`, policy, AppRole `app`. */
export async function setUpVault(api: VaultApi, setup: VaultSetup): Promise<{ roleId: string; secretId: string }> {
  const url = new URL(setup.postgresUrl)
  await api('POST', 'sys/mounts/app-db', { type: 'database' })
  await api('POST', 'sys/auth/apps', { type: 'approle' })
  await api('POST', 'app-db/config/pg', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['*'],
    connection_url: `postgresql://{{username}}:{{password}}@${url.host}${url.pathname}?sslmode=disable`,
    username: url.username,
    password: url.password,
  })
  await setUpRole(api, setup)
  await api('POST', 'sys/policies/acl/app', {
    policy: 'path "app-db/creds/app" { capabilities = ["read"] }\npath "sys/leases/revoke" { capabilities = ["update"] }',
  })
  await api('POST', 'auth/apps/role/app', {
    token_policies: ['app'],
    token_ttl: setup.tokenTtl ?? '1h',
    token_max_ttl: setup.tokenMaxTtl ?? '4h',
  })
  const role = (await api('GET', 'auth/apps/role/app/role-id')) as { data: { role_id: string } }
  const secret = (await api('POST', 'auth/apps/role/app/secret-id', {})) as { data: { secret_id: string } }
  return { roleId: role.data.role_id, secretId: secret.data.secret_id }
}
