import { startDevVault, startEmbeddedPostgres, type DevVault } from '@leasepool/dev-vault'
import { Client } from 'pg'
import { MAX_CONNECTIONS, MAX_TTL_SECONDS, TTL_SECONDS } from './limits'

/** Where the servers are, and how to log in: all that the app is told. */
export interface ServerAddresses {
  readonly database: { readonly host: string; readonly port: number; readonly database: string }
  /** As superuser to the database `postgres`: superusers' sessions in `app` would count towards its limit. */
  readonly adminUrl: string
  readonly vault: { readonly address: string; readonly roleId: string; readonly secretId: string }
}

export interface Servers {
  readonly addresses: ServerAddresses
  /** Leases whose database user still exists. */
  leases(): number
  stop(): Promise<void>
}

/** PostgreSQL with a database `app`, and a Vault that makes users in it. Rejects with nothing left running. */
export async function startServers(): Promise<Servers> {
  const postgres = await startEmbeddedPostgres()
  try {
    await createTables(await postgres.createDatabase('app', { connectionLimit: MAX_CONNECTIONS }))
    const vault = await startVault(postgres.url)
    const { host, port, url: adminUrl } = postgres
    return {
      addresses: {
        database: { host, port, database: 'app' },
        adminUrl,
        vault: { address: vault.address, ...vault.appRole('app') },
      },
      leases: () => vault.leases().length,
      stop: async () => {
        try {
          await vault.close()
        } finally {
          await postgres.stop()
        }
      },
    }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

/** Leased users have rights as members of `app_rw` only, so that they own nothing and can be dropped. */
async function createTables(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query(`
      CREATE TABLE item (id int PRIMARY KEY, label text NOT NULL, changes int NOT NULL DEFAULT 0);
      INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1000) n;
      CREATE TABLE journal (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry text NOT NULL);
      CREATE ROLE app_rw NOLOGIN;
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO app_rw`)
  } finally {
    await client.end()
  }
}

function startVault(adminUrl: string): Promise<DevVault> {
  return startDevVault({
    databases: { main: { url: adminUrl } },
    roles: {
      app: {
        database: 'main',
        creationStatements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`],
        revocationStatements: [`DROP ROLE IF EXISTS "{{name}}"`],
        defaultTtlSeconds: TTL_SECONDS,
        maxTtlSeconds: MAX_TTL_SECONDS,
      },
    },
    appRoles: { app: { policies: ['app'] } },
    policies: { app: { 'database/creds/app': ['read'], 'sys/leases/revoke': ['update'] } },
  })
}
