import type { Connection, ConnectionSettings } from './database-connection'
import { detail } from './database-connection'
import type { DatabaseConnections } from './database-connections'
import { leftoversText } from './database-options'
import { listed } from './database-role-routes'
import type { Fields, FieldSchema } from '../http/fields'
import { multiError, type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'

const SETTINGS: FieldSchema = {
  name: 'string',
  plugin_name: 'string',
  plugin_version: 'string',
  verify_connection: 'boolean',
  allowed_roles: 'list',
  root_rotation_statements: 'strings',
  password_policy: 'string',
  rotation_period: 'seconds',
  rotation_schedule: 'string',
  rotation_window: 'seconds',
  disable_automated_rotation: 'boolean',
}

/** What Vault knows of the plugins' own fields; of the others it says that they are ignored, though it keeps them. */
const PLUGIN_FIELDS: FieldSchema = Object.fromEntries(
  [
    'connection_url',
    'max_open_connections',
    'max_idle_connections',
    'max_connection_lifetime',
    'disable_escaping',
    'use_private_ip',
    'use_psc',
    'self_managed',
    'username',
    'password',
    'auth_type',
    'service_account_json',
  ].map((name) => [name, 'any']),
)

/** Taken out of the details by every Vault, known to Enterprise only. */
const ENTERPRISE_FIELD = 'skip_static_role_import_rotation'

const HIDDEN = ['password', 'private_key', 'service_account_json']

/** The connections, and what is done with a whole one. */
export function databaseConfigRoutes(connections: DatabaseConnections): Route[] {
  const named = (folder: string): RegExp => new RegExp(`^${folder}/${NAME}$`)
  const name = (request: VaultRequest): string => request.params[0]!
  return [
    { pattern: /^config\/?$/, fields: {}, list: () => listed(connections.names()) },
    {
      pattern: named('config'),
      fields: { ...SETTINGS, ...PLUGIN_FIELDS },
      exists: ([connection]) => connections.find(connection!) !== undefined,
      read: (request) => describe(connections.find(name(request))),
      update: (request) => write(connections, name(request), request.fields),
      delete: (request) => connections.remove(name(request)),
    },
    { pattern: named('reset'), fields: { name: 'string' }, update: (request) => connections.reset(name(request)) },
    {
      pattern: named('reload'),
      fields: { plugin_name: 'string' },
      update: async (request) => {
        const reloaded = await connections.reload(name(request))
        return { data: { connections: reloaded, count: reloaded.length } }
      },
    },
    { pattern: named('rotate-root'), fields: { name: 'string' }, update: (request) => connections.rotateRoot(name(request)) },
  ]
}

async function write(connections: DatabaseConnections, name: string, fields: Fields): Promise<Reply | undefined> {
  const settings = merged(name, connections.find(name), fields)
  const left = await connections.configure(settings)
  const warnings = [
    ...(passwordIn(detail(settings.details, 'connection_url')) ? [PASSWORD_WARNING] : []),
    ...(left.length > 0 ? [leftoversText(name, left)] : []),
  ]
  return warnings.length > 0 ? { warnings } : undefined
}

function merged(name: string, before: Connection | undefined, fields: Fields): ConnectionSettings {
  const pluginName = fields.string('plugin_name') ?? before?.pluginName ?? ''
  if (pluginName === '') throw new VaultError(400, 'empty plugin name')
  assertSupported(pluginName, fields)
  const details = Object.entries(fields.all()).filter(([field]) => !Object.hasOwn(SETTINGS, field) && field !== ENTERPRISE_FIELD)
  return {
    name,
    pluginName,
    allowedRoles: fields.list('allowed_roles') ?? before?.allowedRoles ?? [],
    verifies: fields.boolean('verify_connection') ?? before?.verifies ?? true,
    rootRotationStatements: fields.strings('root_rotation_statements') ?? before?.rootRotationStatements ?? [],
    passwordPolicy: fields.string('password_policy') ?? before?.passwordPolicy ?? '',
    details: { ...before?.details, ...Object.fromEntries(details) },
  }
}

function assertSupported(pluginName: string, fields: Fields): void {
  const version = fields.string('plugin_version') ?? ''
  if (version !== '') {
    const [major, minor = '0', patch = '0'] = version.replace(/^v/, '').split('.')
    const text = `plugin not found in the catalog: ${pluginName}, version=v${major}.${minor}.${patch}`
    throw new VaultError(400, `error creating database object: invalid database version: ${multiError(text, text)}`)
  }
  const isRotated = (fields.seconds('rotation_period') ?? 0) > 0 || (fields.string('rotation_schedule') ?? '') !== ''
  if (isRotated) throw new VaultError(400, ROTATION_TEXT)
}

function describe(connection: Connection | undefined): Reply | undefined {
  if (connection === undefined) return undefined
  const shown = Object.entries(connection.details).filter(([field]) => !HIDDEN.includes(field))
  const url = detail(connection.details, 'connection_url')
  return {
    data: {
      allowed_roles: connection.allowedRoles,
      connection_details: { ...Object.fromEntries(shown), connection_url: url.replace(URL_PASSWORD, '$1xxxxx@') },
      disable_automated_rotation: false,
      password_policy: connection.passwordPolicy,
      plugin_name: connection.pluginName,
      plugin_version: '',
      root_credentials_rotate_statements: connection.rootRotationStatements,
      rotation_period: 0,
      rotation_schedule: '',
      rotation_window: 0,
      skip_static_role_import_rotation: false,
      verify_connection: connection.verifies,
    },
  }
}

const PASSWORD_WARNING =
  'Password found in connection_url, use a templated url to enable root rotation and prevent read access to password information.'

const ROTATION_TEXT =
  'error registering rotation job: error registering rotation job: rotation manager capabilities not supported in Vault community edition'

/** Go finds no login in a url with braces in it, hence none in a templated one. */
const URL_PASSWORD = /^([a-z][a-z\d+.-]*:\/\/[\w.~!$&'()*+,;=%-]*:)[\w.~!$&'()*+,;=%:@-]*@(?=[^@/]*(?:[/?#]|$))/i

function passwordIn(url: string): boolean {
  return URL_PASSWORD.test(url)
}
