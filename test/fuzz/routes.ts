import type { ValueKind } from './values'

/** A known path, the methods it is meant for, and its fields. `:name` segments are filled from {@link SEGMENTS}. */
export interface FuzzRoute {
  readonly path: string
  readonly methods: readonly string[]
  readonly fields?: Readonly<Record<string, ValueKind>>
  /** How often, compared to others. @default 2 */
  readonly weight?: number
}

const ODD = ['absent', 'A.b', '-x', 'x-', 'a@b', 'a%20b', '%C3%A9', '%2e%2e', '%00', 'a%2Fb', '']

/** What may stand for a `:name` in a path. Nothing that the fixture lives on is written or deleted through these. */
export const SEGMENTS: Readonly<Record<string, readonly string[]>> = {
  role: ['ro', 'free', 'wide', 'ghost', 'broken', 'denied', ...ODD.slice(0, 3)],
  fuzzRole: ['f1', 'f2', 'f3', ...ODD],
  connection: ['pg', 'pg2', 'c1', ...ODD.slice(0, 3)],
  fuzzConnection: ['c1', 'c2', ...ODD],
  staticRole: ['s1', 's2', ...ODD.slice(0, 4)],
  appRole: ['app', 'a1', 'A1', ...ODD.slice(0, 3)],
  fuzzAppRole: ['a1', 'A1', 'a2', ...ODD],
  tokenRole: ['t1', 't2', ...ODD.slice(0, 5)],
  policy: ['app', 'min', 'default', 'root', 'p1', 'absent'],
  fuzzPolicy: ['p1', 'P1', 'p2', 'root', ...ODD.slice(0, 4)],
  mount: ['m1', 'm2', 'm1/deep', 'database', 'sys', 'absent', 'cubbyhole', 'auth'],
  fuzzMount: ['m1', 'm2', 'm1/deep', 'absent', ...ODD.slice(3, 6)],
  authMount: ['l1', 'l2', 'approle', 'token', 'absent'],
  fuzzAuthMount: ['l1', 'l2', 'absent'],
  prefix: ['database/creds/f1', 'database/creds/ro/', 'database', 'auth/approle/login', 'absent', 'm1'],
  secret: ['k1', 'k2', ...ODD.slice(0, 3)],
  user: ['u1', 'U1', 'u2', ...ODD.slice(0, 4)],
  junk: ['x', 'y', 'nomount', 'sys', 'database', 'auth', ...ODD],
}

const TOKEN_FIELDS = {
  token_policies: 'list', token_ttl: 'seconds', token_max_ttl: 'seconds', token_period: 'seconds', token_num_uses: 'integer',
  token_type: 'tokenType', token_explicit_max_ttl: 'seconds', token_no_default_policy: 'boolean', token_bound_cidrs: 'list',
} as const // prettier-ignore

const CREATE_FIELDS = {
  policies: 'list', ttl: 'seconds', explicit_max_ttl: 'seconds', period: 'seconds', renewable: 'boolean', num_uses: 'integer',
  type: 'tokenType', no_parent: 'boolean', no_default_policy: 'boolean', display_name: 'string', meta: 'map', entity_alias: 'any',
} as const // prettier-ignore

const ROLE_FIELDS = {
  db_name: 'connection', creation_statements: 'statements', default_ttl: 'seconds', max_ttl: 'seconds',
  credential_type: 'any', credential_config: 'map',
} as const // prettier-ignore

const CONFIG_FIELDS = {
  plugin_name: 'plugin', connection_url: 'connectionUrl', verify_connection: 'boolean', allowed_roles: 'list', username: 'string',
  password: 'string', root_rotation_statements: 'list', password_policy: 'string', username_template: 'any',
} as const // prettier-ignore

const STATIC_FIELDS = {
  db_name: 'connection',
  username: 'username',
  rotation_period: 'period',
  rotation_statements: 'list',
} as const

const SECRET_FIELDS = {
  metadata: 'metadata',
  num_uses: 'integer',
  ttl: 'seconds',
  cidr_list: 'list',
  token_bound_cidrs: 'list',
} as const

export const ROUTES: readonly FuzzRoute[] = [
  { path: 'sys/health', methods: ['GET', 'HEAD'] },
  { path: 'sys/seal-status', methods: ['GET'] },
  { path: 'sys/leader', methods: ['GET'] },
  { path: 'sys/init', methods: ['GET'] },
  { path: 'sys/mounts', methods: ['GET'] },
  {
    path: 'sys/mounts/:fuzzMount',
    methods: ['POST', 'DELETE'],
    fields: { type: 'type', config: 'config', description: 'string' },
    weight: 4,
  },
  { path: 'sys/mounts/:mount', methods: ['GET'] },
  { path: 'sys/mounts/:mount/tune', methods: ['GET'] },
  {
    path: 'sys/mounts/:fuzzMount/tune',
    methods: ['POST'],
    fields: { default_lease_ttl: 'seconds', max_lease_ttl: 'seconds', description: 'string' },
  },
  { path: 'sys/auth', methods: ['GET'] },
  { path: 'sys/auth/:fuzzAuthMount', methods: ['POST', 'DELETE'], fields: { type: 'type', config: 'config' } },
  { path: 'sys/auth/:authMount', methods: ['GET'] },
  { path: 'sys/auth/:authMount/tune', methods: ['GET'] },
  { path: 'sys/auth/:fuzzAuthMount/tune', methods: ['POST'], fields: { default_lease_ttl: 'seconds', max_lease_ttl: 'seconds' } },
  { path: 'sys/policies/acl', methods: ['LIST', 'GET'] },
  { path: 'sys/policies/acl/:policy', methods: ['GET'] },
  { path: 'sys/policies/acl/:fuzzPolicy', methods: ['POST', 'DELETE'], fields: { policy: 'policy' }, weight: 4 },
  { path: 'sys/policy', methods: ['LIST', 'GET'] },
  { path: 'sys/policy/:fuzzPolicy', methods: ['GET', 'POST', 'DELETE'], fields: { policy: 'policy', rules: 'policy' } },
  { path: 'sys/capabilities-self', methods: ['POST'], fields: { paths: 'paths', path: 'paths' }, weight: 4 },
  { path: 'sys/capabilities', methods: ['POST'], fields: { paths: 'paths', path: 'paths', token: 'token' } },
  { path: 'sys/capabilities-accessor', methods: ['POST'], fields: { paths: 'paths', accessor: 'accessor' } },
  { path: 'sys/leases/lookup', methods: ['POST'], fields: { lease_id: 'lease' }, weight: 4 },
  { path: 'sys/leases/lookup/:prefix', methods: ['LIST'], weight: 3 },
  { path: 'sys/leases/renew', methods: ['PUT'], fields: { lease_id: 'lease', increment: 'seconds' }, weight: 6 },
  { path: 'sys/leases/renew/:lease', methods: ['PUT'], fields: { increment: 'seconds' } },
  { path: 'sys/leases/revoke', methods: ['PUT'], fields: { lease_id: 'lease', sync: 'boolean' }, weight: 3 },
  { path: 'sys/leases/revoke/:lease', methods: ['PUT'], fields: { sync: 'boolean' } },
  { path: 'sys/leases/revoke-prefix/:prefix', methods: ['PUT'], fields: { sync: 'boolean' }, weight: 1 },
  { path: 'sys/leases/revoke-force/:prefix', methods: ['PUT'], weight: 1 },
  { path: 'sys/leases/count', methods: ['GET'] },
  { path: 'sys/leases', methods: ['GET'] },
  { path: 'sys/leases/tidy', methods: ['POST'], weight: 1 },
  { path: 'sys/renew', methods: ['PUT'], fields: { lease_id: 'lease', increment: 'seconds' } },
  { path: 'sys/revoke', methods: ['PUT'], fields: { lease_id: 'lease', sync: 'boolean' } },
  { path: 'sys/wrapping/wrap', methods: ['POST'], fields: { a: 'any' } },
  { path: 'sys/wrapping/lookup', methods: ['POST'], fields: { token: 'wrapping' } },
  { path: 'sys/wrapping/unwrap', methods: ['POST'], fields: { token: 'wrapping' }, weight: 3 },
  { path: 'sys/wrapping/rewrap', methods: ['POST'], fields: { token: 'wrapping' } },
  { path: 'auth/token/create', methods: ['POST'], fields: CREATE_FIELDS, weight: 8 },
  { path: 'auth/token/create-orphan', methods: ['POST'], fields: CREATE_FIELDS },
  { path: 'auth/token/create/:tokenRole', methods: ['POST'], fields: CREATE_FIELDS },
  {
    path: 'auth/token/roles/:tokenRole',
    methods: ['GET', 'POST', 'DELETE'],
    fields: {
      ...TOKEN_FIELDS,
      allowed_policies: 'list',
      disallowed_policies: 'list',
      orphan: 'boolean',
      renewable: 'boolean',
      path_suffix: 'string',
    },
    weight: 4,
  },
  { path: 'auth/token/roles', methods: ['LIST'] },
  { path: 'auth/token/accessors', methods: ['LIST'] },
  { path: 'auth/token/lookup-self', methods: ['GET', 'POST'], weight: 4 },
  { path: 'auth/token/lookup', methods: ['POST', 'GET'], fields: { token: 'token' } },
  { path: 'auth/token/lookup-accessor', methods: ['POST'], fields: { accessor: 'accessor' } },
  { path: 'auth/token/renew-self', methods: ['POST'], fields: { increment: 'seconds', token: 'any' }, weight: 4 },
  { path: 'auth/token/renew', methods: ['POST'], fields: { token: 'token', increment: 'seconds' } },
  { path: 'auth/token/renew-accessor', methods: ['POST'], fields: { accessor: 'accessor', increment: 'seconds' } },
  { path: 'auth/token/revoke-self', methods: ['POST'] },
  { path: 'auth/token/revoke', methods: ['POST'], fields: { token: 'token' } },
  { path: 'auth/token/revoke-accessor', methods: ['POST'], fields: { accessor: 'accessor' } },
  { path: 'auth/token/revoke-orphan', methods: ['POST'], fields: { token: 'token' } },
  { path: 'auth/token/tidy', methods: ['POST'], weight: 1 },
  { path: 'auth/approle/login', methods: ['POST'], fields: { role_id: 'roleId', secret_id: 'secretId' }, weight: 6 },
  { path: 'auth/approle/role', methods: ['LIST'] },
  { path: 'auth/approle/role/:appRole', methods: ['GET'] },
  {
    path: 'auth/approle/role/:fuzzAppRole',
    methods: ['POST', 'DELETE'],
    fields: {
      ...TOKEN_FIELDS,
      secret_id_num_uses: 'integer',
      secret_id_ttl: 'seconds',
      bind_secret_id: 'boolean',
      role_id: 'string',
      policies: 'list',
      period: 'seconds',
    },
    weight: 4,
  },
  { path: 'auth/approle/role/:appRole/role-id', methods: ['GET'] },
  { path: 'auth/approle/role/:fuzzAppRole/role-id', methods: ['POST'], fields: { role_id: 'string' } },
  { path: 'auth/approle/role/:appRole/secret-id', methods: ['POST', 'LIST'], fields: SECRET_FIELDS, weight: 4 },
  { path: 'auth/approle/role/:appRole/custom-secret-id', methods: ['POST'], fields: { ...SECRET_FIELDS, secret_id: 'string' } },
  { path: 'auth/approle/role/:appRole/secret-id/lookup', methods: ['POST'], fields: { secret_id: 'secretId' } },
  { path: 'auth/approle/role/:appRole/secret-id/destroy', methods: ['POST', 'DELETE'], fields: { secret_id: 'secretId' } },
  {
    path: 'auth/approle/role/:appRole/secret-id-accessor/lookup',
    methods: ['POST'],
    fields: { secret_id_accessor: 'secretAccessor' },
  },
  {
    path: 'auth/approle/role/:appRole/secret-id-accessor/destroy',
    methods: ['POST'],
    fields: { secret_id_accessor: 'secretAccessor' },
  },
  { path: 'auth/approle/role/:fuzzAppRole/token-ttl', methods: ['GET', 'POST', 'DELETE'], fields: { token_ttl: 'seconds' } },
  { path: 'auth/approle/role/:fuzzAppRole/policies', methods: ['GET', 'POST', 'DELETE'], fields: { token_policies: 'list' } },
  {
    path: 'auth/approle/role/:fuzzAppRole/secret-id-num-uses',
    methods: ['GET', 'POST', 'DELETE'],
    fields: { secret_id_num_uses: 'integer' },
  },
  { path: 'auth/approle/tidy/secret-id', methods: ['POST'], weight: 1 },
  { path: 'database/config', methods: ['LIST'] },
  { path: 'database/config/:connection', methods: ['GET'] },
  { path: 'database/config/:fuzzConnection', methods: ['POST', 'DELETE'], fields: CONFIG_FIELDS, weight: 4 },
  { path: 'database/reset/:connection', methods: ['POST'] },
  { path: 'database/roles', methods: ['LIST'] },
  { path: 'database/roles/:role', methods: ['GET'] },
  { path: 'database/roles/:fuzzRole', methods: ['POST', 'DELETE'], fields: ROLE_FIELDS, weight: 6 },
  { path: 'database/creds/:role', methods: ['GET'], weight: 8 },
  { path: 'database/creds/:fuzzRole', methods: ['GET'], weight: 3 },
  { path: 'database/static-roles', methods: ['LIST'] },
  { path: 'database/static-roles/:staticRole', methods: ['GET', 'POST', 'DELETE'], fields: STATIC_FIELDS, weight: 4 },
  { path: 'database/static-creds/:staticRole', methods: ['GET'] },
  { path: 'database/rotate-role/:staticRole', methods: ['POST'] },
  { path: 'database/rotate-root/:fuzzConnection', methods: ['POST'], weight: 1 },
  { path: 'secret/data/:secret', methods: ['GET', 'POST', 'DELETE'], fields: { data: 'map', options: 'options' }, weight: 4 },
  {
    path: 'secret/metadata/:secret',
    methods: ['GET', 'POST', 'DELETE', 'LIST'],
    fields: { max_versions: 'integer', cas_required: 'boolean' },
  },
  { path: 'secret/metadata', methods: ['LIST'] },
  { path: 'secret/delete/:secret', methods: ['POST'], fields: { versions: 'versions' } },
  { path: 'secret/undelete/:secret', methods: ['POST'], fields: { versions: 'versions' } },
  { path: 'secret/destroy/:secret', methods: ['POST'], fields: { versions: 'versions' } },
  { path: 'sys/internal/ui/mounts', methods: ['GET'] },
  { path: 'sys/internal/ui/mounts/:mount', methods: ['GET'] },
  { path: 'sys/policies/password', methods: ['LIST'] },
  { path: 'sys/policies/password/:secret', methods: ['GET', 'POST', 'DELETE'], fields: { policy: 'passwordPolicy' } },
  { path: 'sys/policies/password/:secret/generate', methods: ['GET'] },
  { path: 'auth/userpass/users', methods: ['LIST'] },
  {
    path: 'auth/userpass/users/:user',
    methods: ['GET', 'POST', 'DELETE'],
    fields: { ...TOKEN_FIELDS, password: 'string' },
    weight: 4,
  },
  { path: 'auth/userpass/users/:user/password', methods: ['POST'], fields: { password: 'string' } },
  { path: 'auth/userpass/users/:user/policies', methods: ['POST'], fields: { token_policies: 'list' } },
  { path: 'auth/userpass/login/:user', methods: ['POST'], fields: { password: 'string' }, weight: 4 },
  {
    path: 'auth/jwt/config',
    methods: ['GET', 'POST'],
    fields: { jwks_url: 'string', default_role: 'string', jwt_validation_pubkeys: 'list' },
  },
  { path: 'auth/jwt/role', methods: ['LIST'] },
  {
    path: 'auth/jwt/role/:user',
    methods: ['GET', 'POST', 'DELETE'],
    fields: { role_type: 'roleType', user_claim: 'string', bound_audiences: 'list', bound_claims: 'map', token_ttl: 'seconds' },
    weight: 3,
  },
  { path: 'auth/jwt/login', methods: ['POST'], fields: { role: 'string', jwt: 'string' } },
  { path: 'cubbyhole/:junk', methods: ['GET', 'POST', 'DELETE', 'LIST'], fields: { a: 'any' } },
  { path: ':mount/creds/:role', methods: ['GET'], weight: 1 },
  { path: 'auth/:fuzzAuthMount/role/:appRole', methods: ['GET', 'POST'], fields: { token_ttl: 'seconds' } },
  { path: ':junk/:junk', methods: ['GET', 'POST', 'DELETE', 'LIST'], fields: { a: 'any' } },
  { path: ':junk', methods: ['GET', 'POST'] },
]
