import { escapeIdentifier, type Pool } from 'pg'

/** The statements by which Vault takes a user's rights away before it drops the user. */
export async function defaultRevocations(pool: Pool, username: string): Promise<string[]> {
  const grants = await pool.query<{ schema: string }>(
    `SELECT DISTINCT table_schema::text AS schema FROM information_schema.role_column_grants WHERE grantee = $1`,
    [username],
  )
  const current = await pool.query<{ database: string }>('SELECT current_database()::text AS database')
  const user = escapeIdentifier(username)
  return [
    ...grants.rows.flatMap(({ schema }) => [
      `REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA ${escapeIdentifier(schema)} FROM ${user}`,
      `REVOKE USAGE ON SCHEMA ${escapeIdentifier(schema)} FROM ${user}`,
    ]),
    `REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA public FROM ${user}`,
    `REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA public FROM ${user}`,
    `REVOKE USAGE ON SCHEMA public FROM ${user}`,
    `REVOKE CONNECT ON DATABASE ${escapeIdentifier(current.rows[0]!.database)} FROM ${user}`,
  ]
}
