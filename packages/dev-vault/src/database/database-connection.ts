import type { DatabasePlugin } from './database-plugin'
import type { UsernameStyle } from './names'

/** A connection as it was configured. */
export interface ConnectionSettings {
  readonly name: string
  readonly pluginName: string
  /** Names of roles; `*` anywhere in one matches any text. */
  readonly allowedRoles: readonly string[]
  readonly verifies: boolean
  readonly rootRotationStatements: readonly string[]
  /** The name of a password policy; `''` is Vault's default. */
  readonly passwordPolicy: string
  /** All other fields as they were sent, `connection_url`, `username` and `password` among them. */
  readonly details: Readonly<Record<string, unknown>>
}

/** A configured connection to a database server. */
export interface Connection extends ConnectionSettings {
  readonly plugin: DatabasePlugin
  /** How its dynamic users are called. */
  readonly usernames: UsernameStyle['make']
  /** Which dev-vault made a user on the server, by its default name. */
  readonly slotOf: UsernameStyle['slotOf']
}

/** A field of the details as text; `''` if it is absent. */
export function detail(details: Readonly<Record<string, unknown>>, name: string): string {
  const value = details[name]
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return typeof value === 'boolean' ? (value ? '1' : '0') : ''
}
