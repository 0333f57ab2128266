import { startDevVault, type DevVault, type DevVaultRole } from '@leasepool/dev-vault'
import { Client, escapeIdentifier } from 'pg'

/** A database, and who may make users in it. */
export interface AdminDatabase {
  readonly kind: 'postgres' | 'mysql'
  /** The administrator's, with the name of the database. */
  readonly url: string
}

export interface UserLife {
  /** How long a user lives unless its lease is renewed. */
  readonly ttlSeconds: number
  /** How long it lives at most. */
  readonly maxTtlSeconds: number
}

/** Variables by name. */
export type Environment = Readonly<Record<string, string>>

/** Owns the tables on PostgreSQL: a leased user that owned one could not be dropped. */
const OWNER = 'orders_owner'

/** Sets up what an administrator does once, and starts a Vault that makes users for the service. */
export async function startVault(
  database: AdminDatabase,
  life: UserLife,
): Promise<{ vault: DevVault; environment: Environment }> {
  const { kind, url } = database
  if (kind === 'postgres') await makeOwner(url)
  const vault = await startDevVault({
    databases: { main: { url } },
    roles: { orders: roleOf(database, life) },
    appRoles: { orders: { policies: ['orders'] } },
    policies: {
      orders: {
        'database/creds/orders': ['read'],
        'database/roles/orders': ['read'], // to know max_ttl beforehand
        'sys/leases/revoke': ['update'], // to give users back
      },
    },
  })
  const { roleId, secretId } = vault.appRole('orders')
  const { hostname, port, pathname } = new URL(url)
  const environment = {
    DATABASE: kind,
    DATABASE_HOST: hostname,
    DATABASE_PORT: port,
    DATABASE_NAME: pathname.slice(1),
    ...(kind === 'postgres' ? { DATABASE_OWNER: OWNER } : {}),
    VAULT_ADDR: vault.address,
    VAULT_ROLE_ID: roleId,
    VAULT_SECRET_ID: secretId,
  }
  return { vault, environment }
}

function roleOf({ kind, url }: AdminDatabase, { ttlSeconds, maxTtlSeconds }: UserLife): DevVaultRole {
  const creationStatements =
    kind === 'postgres'
      ? [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ${OWNER}`]
      : [
          `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'`,
          `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON \`${new URL(url).pathname.slice(1)}\`.* TO '{{name}}'@'%'`,
        ]
  const revocationStatements = kind === 'postgres' ? [`DROP ROLE IF EXISTS "{{name}}"`] : [`DROP USER IF EXISTS '{{name}}'@'%'`]
  return { database: 'main', creationStatements, revocationStatements, defaultTtlSeconds: ttlSeconds, maxTtlSeconds }
}

/** Who owns the database may make tables in it. */
async function makeOwner(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query(`CREATE ROLE ${OWNER} NOLOGIN`)
    await client.query(`ALTER DATABASE ${escapeIdentifier(client.database!)} OWNER TO ${OWNER}`)
  } finally {
    await client.end()
  }
}
