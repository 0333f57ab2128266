import { LeasedCredentials, type LeasedCredentialsOptions } from '@leasepool/core'
import type { TestDatabase } from './database'
import { UserSource } from './user-source'

/** Users of a PostgreSQL server, whose sessions go on when they are dropped, unless they are ended first. */
export class SqlSource extends UserSource {
  constructor({ sql }: TestDatabase, { endsSessions = false } = {}) {
    super({
      makeUser: async (username, password, canLogIn) => {
        await sql(`CREATE ROLE "${username}" ${canLogIn ? 'LOGIN' : 'NOLOGIN'} PASSWORD '${password}' IN ROLE app_rw`)
      },
      dropUser: async (username) => {
        if (endsSessions) await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${username}'`)
        await sql(`DROP ROLE IF EXISTS "${username}"`)
      },
    })
  }
}

export function sqlCredentials(
  database: TestDatabase,
  { endsSessions = false, ...options }: LeasedCredentialsOptions & { readonly endsSessions?: boolean } = {},
): Promise<{ credentials: LeasedCredentials; source: SqlSource }> {
  const source = new SqlSource(database, { endsSessions })
  return LeasedCredentials.start(source, options).then((credentials) => ({ credentials, source }))
}
