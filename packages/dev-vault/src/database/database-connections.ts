import { systemClock } from '@leasepool/core'
import type { Connection, ConnectionSettings } from './database-connection'
import { detail } from './database-connection'
import { isKnownPlugin, openConnection } from './database-plugins'
import { textOf } from '../errors'
import { databasePassword } from './names'
import { generatePassword, type PasswordPolicies } from './password-policy'
import { Presence } from './presence'
import { multiError, VaultError } from '../http/respond'
import { Time } from '../time'

/** The connections of one mounted engine. */
export class DatabaseConnections {
  readonly #connections = new Map<string, Connection>()
  readonly #presence: Presence
  readonly #passwordPolicies: PasswordPolicies

  constructor(passwordPolicies: PasswordPolicies, cleansUp: boolean) {
    // Others see it by the database's time and not by one that a test has stopped.
    this.#presence = new Presence(new Time(systemClock), cleansUp)
    this.#passwordPolicies = passwordPolicies
  }

  find(name: string): Connection | undefined {
    return this.#connections.get(name)
  }

  /** Throws 500, as Vault does, if there is none of that name. */
  get(name: string): Connection {
    const connection = this.#connections.get(name)
    if (connection === undefined) throw failure(`failed to find entry for connection with name: "${name}"`)
    return connection
  }

  names(): string[] {
    return [...this.#connections.keys()].sort()
  }

  /** The connection of a role that it allows. Throws 500 otherwise. */
  getFor(name: string, roleName: string): Connection {
    const connection = this.get(name)
    const isAllowed = connection.allowedRoles.some((pattern) => globMatches(pattern, roleName))
    if (!isAllowed) throw failure(`"${roleName}" is not an allowed role`)
    return connection
  }

  /**
   * Stores a connection in place of an older one of that name, after trying it out unless it is told not to. The first one on a server
   * drops the users that an ended dev-vault left there; gives one text per user that it could not drop. Throws 400 if the
   * connection does not work.
   */
  async configure(settings: ConnectionSettings): Promise<string[]> {
    const connection = opened(settings)
    if (settings.verifies) await verified(connection)
    const left = await this.#enter(connection)
    await this.#replace(connection)
    return left
  }

  async remove(name: string): Promise<void> {
    const connection = this.#connections.get(name)
    this.#connections.delete(name)
    await connection?.plugin.close()
  }

  /** Closes a connection and opens it anew. Throws 500 if there is none, or if it cannot be opened. */
  async reset(name: string): Promise<void> {
    const older = this.get(name)
    const connection = openConnection(older)
    await this.#replace(connection)
    if (connection.verifies) await failingWith500(() => connection.plugin.verify())
  }

  /** Resets all connections of a plugin and gives the names of those that could be opened. */
  async reload(pluginName: string): Promise<string[]> {
    const reloaded: string[] = []
    for (const name of this.names()) {
      if (this.#connections.get(name)?.pluginName !== pluginName) continue
      const isOpen = await this.reset(name).then(
        () => true,
        () => false,
      )
      if (isOpen) reloaded.push(name)
    }
    return reloaded
  }

  /** Gives the connection's own admin account a password that nobody but dev-vault knows. Throws 500 if that is not possible. */
  async rotateRoot(name: string): Promise<void> {
    const older = this.get(name)
    const username = detail(older.details, 'username')
    if (username === '') throw failure('unable to rotate root credentials: no username in configuration')
    if (detail(older.details, 'password') === '') {
      throw failure('unable to rotate root credentials: both private_key and password fields are missing from the configuration')
    }
    const password = this.newPassword(older)
    await failingWith500(
      () => older.plugin.setPassword(older.rootRotationStatements, { username, password }),
      'failed to update user: ',
    )
    const connection = openConnection({ ...older, details: { ...older.details, password } })
    await this.#replace(connection)
    await this.#enter(connection)
  }

  /** A password by the role's policy, else the connection's, else Vault's default. Throws 500 if there is no such policy. */
  newPassword(connection: Connection, rolePolicy = ''): string {
    const name = rolePolicy || connection.passwordPolicy
    if (name === '') return databasePassword()
    const named = this.#passwordPolicies.get(name)
    if (named === undefined) throw failure('failed to generate password: no password policy found')
    return generatePassword(named.policy)
  }

  /** Before a user is made on a server, others must know that this dev-vault is there. Gives the slot to name the user by. */
  async present(connection: Connection): Promise<number | undefined> {
    await this.#enter(connection)
    return this.#presence.slotOn(connection.plugin.server)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.plugin.close()))
    this.#connections.clear()
    await this.#presence.end()
  }

  /** A server that does not answer is no error here: what is done next on it will say so better. */
  async #enter(connection: Connection): Promise<string[]> {
    return this.#presence.enter(connection.plugin, connection.slotOf).catch(() => [])
  }

  async #replace(connection: Connection): Promise<void> {
    const older = this.#connections.get(connection.name)
    this.#connections.set(connection.name, connection)
    await older?.plugin.close()
  }
}

/** Runs what a database does. Throws 500 with its text as Vault's core wraps it. */
export async function failingWith500(run: () => Promise<void>, prefix = ''): Promise<void> {
  try {
    await run()
  } catch (error) {
    throw failure(prefix + textOf(error))
  }
}

function failure(text: string): VaultError {
  return new VaultError(500, multiError(text))
}

function opened(settings: ConnectionSettings): Connection {
  const { pluginName } = settings
  if (!isKnownPlugin(pluginName)) {
    const text = `plugin not found in the catalog: ${pluginName}`
    throw new VaultError(400, `error creating database object: invalid database version: ${multiError(text, text)}`)
  }
  try {
    return openConnection(settings)
  } catch (error) {
    throw new VaultError(400, `error creating database object: ${textOf(error)}`)
  }
}

async function verified({ plugin }: Connection): Promise<void> {
  try {
    await plugin.verify()
  } catch (error) {
    await plugin.close()
    throw new VaultError(400, `error creating database object: ${textOf(error)}`)
  }
}

/** Vault's globs: `*` stands for any text, anywhere. */
function globMatches(pattern: string, name: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${source}$`).test(name)
}
