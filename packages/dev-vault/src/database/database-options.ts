import type { ConnectionSettings } from './database-connection'
import type { DevVaultDatabase } from '../options/databases'

/** The connection that an admin of a real Vault would configure for a url. */
export function connectionOf(name: string, { url, allowedRoles = ['*'] }: DevVaultDatabase): ConnectionSettings {
  const address = new URL(url)
  const isMysql = address.protocol === 'mysql:'
  return {
    name,
    pluginName: isMysql ? 'mysql-database-plugin' : 'postgresql-database-plugin',
    allowedRoles,
    verifies: true,
    rootRotationStatements: [],
    passwordPolicy: '',
    details: isMysql ? mysqlDetails(address) : postgresDetails(address),
  }
}

/** What is said of users that could not be dropped at the start. */
export function leftoversText(name: string, left: readonly string[]): string {
  return `Database "${name}": ${left.length} users of an ended dev-vault could not be dropped: ${left.join('; ')}`
}

function postgresDetails(address: URL): Record<string, unknown> {
  // A url without a login may get one from PGUSER and PGPASSWORD.
  if (address.username === '' || address.password === '') return { connection_url: address.href }
  const rest = `${address.host}${address.pathname}${address.search}`
  return { connection_url: `${address.protocol}//{{username}}:{{password}}@${rest}`, ...login(address) }
}

function mysqlDetails(address: URL): Record<string, unknown> {
  const place = `${address.hostname || '127.0.0.1'}:${address.port || 3306}`
  return {
    connection_url: `{{username}}:{{password}}@tcp(${place})/${address.pathname.slice(1)}${address.search}`,
    ...login(address),
  }
}

function login(address: URL): { username: string; password: string } {
  return { username: decodeURIComponent(address.username), password: decodeURIComponent(address.password) }
}
