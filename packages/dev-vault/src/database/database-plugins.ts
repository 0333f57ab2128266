import { type Connection, type ConnectionSettings, detail } from './database-connection'
import type { DatabasePlugin } from './database-plugin'
import { parseSeconds } from '../durations'
import { parseMysqlDsn } from './mysql-dsn'
import { MysqlPlugin } from './mysql-plugin'
import { MYSQL_LEGACY_USERNAMES, MYSQL_USERNAMES, POSTGRES_USERNAMES, type UsernameStyle } from './names'
import { PostgresPlugin } from './postgres-plugin'
import { fillStatement } from './statements'
import { usernameTemplate } from './username-template'

type Details = Readonly<Record<string, unknown>>

interface PluginKind {
  readonly usernames: UsernameStyle
  readonly open: (details: Details) => DatabasePlugin
}

const POSTGRES: PluginKind = { usernames: POSTGRES_USERNAMES, open: postgresPlugin }
const MYSQL_LEGACY: PluginKind = { usernames: MYSQL_LEGACY_USERNAMES, open: mysqlPlugin }

const PLUGINS: Readonly<Record<string, PluginKind>> = {
  'postgresql-database-plugin': POSTGRES,
  'mysql-database-plugin': { usernames: MYSQL_USERNAMES, open: mysqlPlugin },
  'mysql-legacy-database-plugin': MYSQL_LEGACY,
  'mysql-rds-database-plugin': MYSQL_LEGACY,
  'mysql-aurora-database-plugin': MYSQL_LEGACY,
}

/** All plugins that there are, by name. */
export const DATABASE_PLUGINS: readonly string[] = Object.keys(PLUGINS)

/** Whether dev-vault has a plugin of this name. */
export function isKnownPlugin(name: string): boolean {
  return Object.hasOwn(PLUGINS, name)
}

/** Makes a connection that has not been tried yet. Throws an Error with Vault's text for settings that cannot work. */
export function openConnection(settings: ConnectionSettings): Connection {
  const { usernames, open } = PLUGINS[settings.pluginName]!
  const template = settings.details['username_template'] ?? ''
  if (typeof template !== 'string')
    throw new Error(`failed to retrieve username_template: invalid value at username_template: is a ${goType(template)}`)
  const make = template === '' ? usernames.make : byTemplate(template)
  return { ...settings, plugin: open(settings.details), usernames: make, slotOf: usernames.slotOf }
}

function goType(value: unknown): string {
  if (typeof value === 'number') return 'json.Number'
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}

function byTemplate(template: string): UsernameStyle['make'] {
  const make = usernameTemplate(template)
  return (displayName, roleName, nowMs) => make({ DisplayName: displayName, RoleName: roleName, nowMs })
}

function postgresPlugin(details: Details): DatabasePlugin {
  const template = connectionUrl(details)
  const [username, password] = [detail(details, 'username'), detail(details, 'password')]
  checkLogin(template, username, password)
  const escape = isTrue(details['disable_escaping']) ? (text: string): string => text : encodeURIComponent
  const url = fillStatement(template, { username: escape(username), password: escape(password) })
  if (!/^postgres(ql)?:\/\//.test(url)) throw new Error('dev-vault takes connection_url as postgresql:// url only')
  checkCommon(details)
  const authentication = detail(details, 'password_authentication')
  if (!['', 'password', 'scram-sha-256'].includes(authentication)) {
    throw new Error(`'${authentication}' is not a valid password authentication type`)
  }
  const scram = authentication === 'scram-sha-256'
  const ssl = postgresTls(details)
  const secret = password === '' ? passwordOf(url) : password
  return new PostgresPlugin({
    url: ssl === undefined ? url : withoutSslMode(url),
    password: secret,
    maxConnections: connections(details),
    scram,
    ...(ssl && { ssl }),
  })
}

function mysqlPlugin(details: Details): DatabasePlugin {
  const template = connectionUrl(details)
  const username = encodeURIComponent(detail(details, 'username'))
  const dsn = fillStatement(template, { username, password: detail(details, 'password') })
  checkCommon(details)
  const address = parsedDsn(dsn)
  const ca = detail(details, 'tls_ca')
  const key = detail(details, 'tls_certificate_key')
  if (ca === '' && key === '' && address.tls === 'none') return new MysqlPlugin({ address, maxConnections: connections(details) })
  const rejectUnauthorized = address.tls !== 'skip-verify' && !isTrue(details['tls_skip_verify'])
  const ssl = { ...(ca && { ca }), ...(key && { cert: key, key }), rejectUnauthorized }
  return new MysqlPlugin({ address, maxConnections: connections(details), ssl })
}

function parsedDsn(dsn: string): ReturnType<typeof parseMysqlDsn> {
  try {
    return parseMysqlDsn(dsn)
  } catch (error) {
    throw new Error(`error verifying - connection: unable to parse connectionURL: ${(error as Error).message}`)
  }
}

function connectionUrl(details: Details): string {
  const url = detail(details, 'connection_url')
  if (url === '') throw new Error('connection_url cannot be empty')
  return url
}

function checkLogin(template: string, username: string, password: string): void {
  const isTemplate = template.includes('{{username}}') && template.includes('{{password}}')
  if (/\{\{(username|password)\}\}/.test(username + password)) {
    throw new Error('username and/or password cannot contain the template variables')
  }
  if (username === '' && password === '' && isTemplate) {
    throw new Error("must either provide username/password or set self-managed to 'true'")
  }
}

function checkCommon(details: Details): void {
  for (const name of ['max_open_connections', 'max_idle_connections']) wholeNumber(details, name)
  const lifetime = details['max_connection_lifetime']
  if (lifetime !== undefined && parseSeconds(lifetime) === undefined) {
    throw new Error(`invalid max_connection_lifetime: time: invalid duration ${JSON.stringify(lifetime)}`)
  }
  const type = detail(details, 'auth_type')
  if (type === 'gcp_iam') throw new Error('dev-vault does not support auth_type gcp_iam')
  if (type !== '' && type !== 'cert') throw new Error(`invalid auth_type: ${type}`)
  if (isTrue(details['self_managed'])) throw new Error('dev-vault does not support self_managed, which needs Vault Enterprise')
}

/** Vault opens 4 unless told otherwise; a negative number means no limit. */
function connections(details: Details): number {
  const count = wholeNumber(details, 'max_open_connections')
  return count === 0 ? 4 : count < 0 ? 1_000 : count
}

function wholeNumber(details: Details, name: string): number {
  const value = details[name] ?? 0
  const number = typeof value === 'string' ? Number(value || 0) : Number(value)
  if (Number.isSafeInteger(number)) return number
  const text = JSON.stringify(value)
  throw new Error(`1 error(s) decoding:\n\n* cannot parse '${name}' as int: strconv.ParseInt: parsing ${text}: invalid syntax`)
}

function isTrue(value: unknown): boolean {
  return value === true || value === 1 || /^(1|t|true)$/i.test(String(value))
}

function postgresTls(details: Details): { ca?: string; cert?: string; key?: string } | undefined {
  const [ca, cert, key] = ['tls_ca', 'tls_certificate', 'private_key'].map((name) => detail(details, name))
  if ((cert === '') !== (key === '')) throw new Error('both "sslcert" and "sslkey" are required')
  if (!ca && !cert) return undefined
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

/** The driver would let the url's `sslmode` replace the given certificates. */
function withoutSslMode(url: string): string {
  return url.replace(/([?&])sslmode=[^&]*&?/, '$1')
}

function passwordOf(url: string): string {
  return URL.canParse(url) ? decodeURIComponent(new URL(url).password) : ''
}
