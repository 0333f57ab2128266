import type { DatabaseEngine } from './database'
import { listed } from './database-role-routes'
import type { FieldSchema } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'
import { type StaticRole, ttlSeconds } from './static-role'
import { readStaticRole } from './static-role-fields'
import { rfc3339 } from '../time'

const FIELDS: FieldSchema = {
  name: 'string',
  db_name: 'string',
  username: 'string',
  rotation_period: 'seconds',
  rotation_schedule: 'string',
  rotation_window: 'seconds',
  rotation_statements: 'strings',
  credential_type: 'string',
  credential_config: 'stringMap',
  self_managed_password: 'string',
}

/** The static roles, their passwords, and `rotate-role`. */
export function staticRoleRoutes(engine: DatabaseEngine): Route[] {
  const { staticRoles } = engine
  const named = (folder: string): RegExp => new RegExp(`^${folder}/${NAME}$`)
  const name = (request: VaultRequest): string => request.params[0]!
  return [
    { pattern: /^static-roles\/?$/, fields: {}, list: () => listed(staticRoles.names()) },
    {
      pattern: named('static-roles'),
      fields: FIELDS,
      exists: ([role]) => staticRoles.get(role!) !== undefined,
      read: (request) => describe(staticRoles.get(name(request))),
      update: (request) => write(engine, request),
      delete: (request) => staticRoles.delete(name(request)),
    },
    { pattern: named('static-creds'), fields: { name: 'string' }, read: (request) => credentials(engine, name(request)) },
    { pattern: named('rotate-role'), fields: { name: 'string' }, update: (request) => rotate(engine, name(request)) },
  ]
}

async function write({ roles, staticRoles, connections }: DatabaseEngine, { params, fields }: VaultRequest): Promise<void> {
  const name = params[0]!
  if (roles.has(name)) throw new VaultError(400, 'Role and Static Role names must be unique')
  const role = staticRoles.get(name)
  const settings = readStaticRole(name, fields, role)
  connections.get(settings.database)
  await (role === undefined ? staticRoles.create(settings) : staticRoles.update(role, settings))
}

async function rotate({ staticRoles }: DatabaseEngine, name: string): Promise<void> {
  const role = staticRoles.get(name)
  if (role === undefined) throw new VaultError(400, 'no static role found for role name')
  await staticRoles.rotateNow(role)
}

function credentials(engine: DatabaseEngine, name: string): Reply {
  const role = engine.staticRoles.get(name)
  if (role === undefined) throw new VaultError(400, `unknown role: ${name}`)
  engine.connections.getFor(role.settings.database, name)
  const ttl = ttlSeconds(role, engine.nowMs())
  return { data: { ...rotationOf(role), password: role.password, ttl, username: role.settings.username } }
}

function describe(role: StaticRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  const { settings } = role
  return {
    data: {
      ...(Object.keys(settings.credentialConfig).length === 0 ? {} : { credential_config: settings.credentialConfig }),
      credential_type: settings.credentialType,
      db_name: settings.database,
      ...rotationOf(role),
      rotation_statements: settings.rotationStatements,
      skip_import_rotation: false,
      username: settings.username,
    },
  }
}

function rotationOf({ settings: { rule }, lastRotationMs }: StaticRole): Record<string, unknown> {
  const last = { last_vault_rotation: rfc3339(lastRotationMs) }
  if (rule.kind === 'period') return { ...last, rotation_period: rule.seconds }
  const window = rule.windowSeconds === 0 ? {} : { rotation_window: rule.windowSeconds }
  return { ...last, rotation_schedule: rule.schedule.text, ...window }
}
