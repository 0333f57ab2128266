import type { DatabaseEngine } from './database'
import { databaseConfigRoutes } from './database-config-routes'
import { databaseRoleRoutes } from './database-role-routes'
import type { Reply } from '../http/respond'
import { callerOf, NAME, type Route, type VaultRequest } from '../http/route'
import { staticRoleRoutes } from './static-role-routes'

/** The routes of a mounted database engine. */
export function databaseRoutes(engine: DatabaseEngine): Route[] {
  return [
    {
      pattern: new RegExp(`^creds/${NAME}$`),
      fields: { name: 'string' },
      read: (request) => issue(engine, request),
    },
    ...databaseRoleRoutes(engine),
    ...staticRoleRoutes(engine),
    ...databaseConfigRoutes(engine.connections),
  ]
}

async function issue(engine: DatabaseEngine, request: VaultRequest): Promise<Reply> {
  const { lease, granted, username, password } = await engine.issue(request.params[0]!, callerOf(request), request.isGone)
  return {
    lease: { id: lease.id, renewable: true, seconds: granted.seconds },
    data: { password, username },
    warnings: granted.warnings,
  }
}
