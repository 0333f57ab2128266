import { LeasedCredentials, type LeasedCredentialsOptions } from '@leasepool/core'
import type { TestDatabase } from './database'
import { UserSource } from './user-source'

/** Users of a PostgreSQL server, whose sessions go on when they are dropped. */
export class SqlSource extends UserSource {
  constructor({ sql }: TestDatabase) {
    super({
      makeUser: async (username, password, canLogIn) => {
        await sql(`CREATE ROLE "${username}" ${canLogIn ? 'LOGIN' : 'NOLOGIN'} PASSWORD '${password}' IN ROLE app_rw`)
      },
      dropUser: async (username) => void (await sql(`DROP ROLE IF EXISTS "${username}"`)),
    })
  }
}

export function sqlCredentials(
  database: TestDatabase,
  options: LeasedCredentialsOptions = {},
): Promise<{ credentials: LeasedCredentials; source: SqlSource }> {
  const source = new SqlSource(database)
  return LeasedCredentials.start(source, options).then((credentials) => ({ credentials, source }))
}
