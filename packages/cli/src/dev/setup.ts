import type { DevVaultDatabase, DevVaultOptions, DevVaultRole } from '@leasepool/dev-vault'
import type { DevDatabase } from './databases'
import type { DevOptions } from './options'

/** The policy, and the AppRole that has it. */
export const APP = 'app'

/** Vault's tutorials in one object: a connection, a role, a policy and an AppRole. */
export function vaultOptions(databases: readonly DevDatabase[], options: DevOptions): DevVaultOptions {
  return {
    ...(options.port === 0 ? {} : { port: options.port }),
    databases: Object.fromEntries(databases.map(({ kind, adminUrl }): [string, DevVaultDatabase] => [kind, { url: adminUrl }])),
    roles: Object.fromEntries(databases.map((database) => [database.role, roleOf(database, options)])),
    policies: { [APP]: policyFor(databases) },
    appRoles: { [APP]: { policies: [APP] } },
  }
}

/** What every app of leasepool may do: take users of its roles, and give them back. Renewing is in Vault's default policy. */
export function policyFor(databases: readonly DevDatabase[]): string {
  const creds = databases.map(({ role }) => `path "database/creds/${role}" { capabilities = ["read"] }`)
  return [...creds, 'path "sys/leases/revoke" { capabilities = ["update"] }'].join('\n')
}

function roleOf(database: DevDatabase, { ttlSeconds, maxTtlSeconds }: DevOptions): DevVaultRole {
  const creationStatements = creationOf(database)
  return { database: database.kind, creationStatements, defaultTtlSeconds: ttlSeconds, maxTtlSeconds }
}

/** Rights that Vault's default revocation takes back again: tables and sequences of `public`, or one database of MySQL. */
function creationOf({ kind, database }: DevDatabase): string[] {
  if (kind === 'mysql')
    return [
      `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${database.replaceAll('`', '``')}\`.* TO '{{name}}'@'%'`,
    ]
  return [
    `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{{name}}"`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{{name}}"`,
  ]
}
