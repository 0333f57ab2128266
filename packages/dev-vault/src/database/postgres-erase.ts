import { Client, type ClientConfig, DatabaseError, escapeIdentifier, type Pool } from 'pg'

const DEPENDENT_OBJECTS = '2BP01'

/** Ends the sessions of a role and drops it, with what it owns and may do in every database that can be reached. */
export async function eraseRole(pool: Pool, config: ClientConfig, username: string): Promise<void> {
  const role = escapeIdentifier(username)
  await pool.query(`ALTER ROLE ${role} NOLOGIN`)
  // Some admins may drop a role but not end its sessions; the drop works all the same.
  await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [username]).catch(() => undefined)
  try {
    await pool.query(`DROP ROLE IF EXISTS ${role}`)
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== DEPENDENT_OBJECTS) throw error
    await dropOwned(pool, config, role)
    await pool.query(`DROP ROLE IF EXISTS ${role}`)
  }
}

async function dropOwned(pool: Pool, config: ClientConfig, role: string): Promise<void> {
  const databases = await pool.query<{ name: string }>(
    'SELECT datname::text AS name FROM pg_database WHERE datallowconn AND NOT datistemplate',
  )
  // One that cannot be entered may not matter; if it does, the DROP ROLE that follows says so.
  for (const { name } of databases.rows) await dropOwnedIn(config, name, role).catch(() => undefined)
}

async function dropOwnedIn(config: ClientConfig, database: string, role: string): Promise<void> {
  const url = new URL(config.connectionString!)
  url.pathname = `/${encodeURIComponent(database)}`
  const client = new Client({ ...config, connectionString: url.href })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(`DROP OWNED BY ${role}`)
  } finally {
    await client.end()
  }
}
