import {
  LeasedCredentials,
  type CredentialSource,
  type IssuedCredential,
  type Lease,
  type LeasedCredentialsOptions,
} from '@leasepool/core'
import type { TestDatabase } from './database'

/** A source that makes users with plain SQL, for tests that need no Vault. Its leases do not end by themselves. */
export class SqlSource implements CredentialSource {
  readonly description = 'sql'
  readonly #database: TestDatabase
  #count = 0
  /** Users that are made from now on may not log in. */
  refusesLogins = false

  constructor(database: TestDatabase) {
    this.#database = database
  }

  async issue(): Promise<IssuedCredential> {
    const username = `v-sql-${process.pid}-${(this.#count += 1)}-${Math.random().toString(36).slice(2, 8)}`
    const password = `password-of-${username}`
    const login = this.refusesLogins ? 'NOLOGIN' : 'LOGIN'
    await this.#database.sql(`CREATE ROLE "${username}" ${login} PASSWORD '${password}' IN ROLE app_rw`)
    const nowMs = performance.now()
    const lease: Lease = {
      id: username,
      issuedAtMs: nowMs,
      renewedAtMs: nowMs,
      endsAtMs: nowMs + 3_600_000,
      ttlMs: 3_600_000,
      renewable: true,
      truncated: false,
    }
    return { username, password, lease }
  }

  async revoke({ id }: Lease): Promise<void> {
    await this.#database.sql(`DROP ROLE IF EXISTS "${id}"`)
  }
}

export function sqlCredentials(
  database: TestDatabase,
  options: LeasedCredentialsOptions = {},
): Promise<{ credentials: LeasedCredentials; source: SqlSource }> {
  const source = new SqlSource(database)
  return LeasedCredentials.start(source, options).then((credentials) => ({ credentials, source }))
}
