import type { Connection } from './database-connection'
import { DatabaseConnections } from './database-connections'
import { UserExistsError } from './database-plugin'
import type { Lease, LeasedSecret, Leases } from '../leases/leases'
import type { MountReference } from '../system/mounts'
import { randomBase62 } from './names'
import type { PasswordPolicies } from './password-policy'
import { multiError, VaultError } from '../http/respond'
import { StaticRoles } from './static-roles'
import type { Time } from '../time'
import type { Token } from '../tokens/tokens'
import { type GrantedTtl, grantTtl } from '../tokens/ttl'

/** A random name is taken about never, except for MySQL's, of which little is random. */
const NAME_TRIES = 5

/** A dynamic role. Durations in seconds, 0 means none. */
export interface DatabaseRole {
  readonly name: string
  readonly database: string
  readonly creationStatements: readonly string[]
  readonly revocationStatements: readonly string[]
  readonly renewStatements: readonly string[]
  readonly rollbackStatements: readonly string[]
  readonly defaultTtlSeconds: number
  readonly maxTtlSeconds: number
  /** @default 'password', the only one that can be issued */
  readonly credentialType?: string
  readonly credentialConfig?: Readonly<Record<string, string | number>>
}

/** What a role handed out. */
export interface IssuedCredential {
  readonly lease: Lease
  readonly granted: GrantedTtl
  readonly username: string
  readonly password: string
}

/** What an engine knows of the server around it. */
export interface EngineSurroundings {
  readonly mount: MountReference
  readonly leases: Leases
  readonly time: Time
  readonly passwordPolicies: PasswordPolicies
  /** Whether users that killed dev-vaults left are dropped. */
  readonly cleansUp: boolean
  readonly isSealed: () => boolean
}

/** One mounted database engine: its connections, roles and dynamic users. */
export class DatabaseEngine {
  readonly roles = new Map<string, DatabaseRole>()
  readonly connections: DatabaseConnections
  readonly staticRoles: StaticRoles
  readonly #around: EngineSurroundings

  constructor(around: EngineSurroundings) {
    this.#around = around
    this.connections = new DatabaseConnections(around.passwordPolicies, around.cleansUp)
    this.staticRoles = new StaticRoles(this.connections, around.time, around.isSealed)
  }

  /** Now, in ms since 1970. */
  nowMs(): number {
    return this.#around.time.nowMs()
  }

  /** Makes a database user and its lease. Throws what Vault answers for each failure. */
  async issue(roleName: string, owner: Token, isGone: () => boolean): Promise<IssuedCredential> {
    const { leases, time, mount } = this.#around
    const role = this.roles.get(roleName)
    if (role === undefined) throw new VaultError(400, `unknown role: ${roleName}`)
    const connection = this.#connectionFor(role)
    const granted = this.#grant(role, owner)
    const expiresMs = time.nowMs() + granted.seconds * 1000
    const user = await this.#createUser(connection, role, owner.displayName, expiresMs)
    const id = `${mount.path()}creds/${role.name}/${randomBase62(24)}`
    const lease = leases.register(id, owner, this.#secret(role, user.username), granted.seconds, isGone)
    return { lease, granted, ...user }
  }

  async close(): Promise<void> {
    this.staticRoles.close()
    await this.connections.close()
  }

  #grant(role: DatabaseRole, owner: Token): GrantedTtl {
    const { leases, time, mount } = this.#around
    const nowMs = time.nowMs()
    const granted = grantTtl({ nowMs, issuedMs: nowMs, incrementSeconds: 0, role: limitsOf(role), mount: mount.limits() })
    return { ...granted, seconds: leases.cappedSeconds(owner, granted.seconds) }
  }

  #connectionFor(role: DatabaseRole): Connection {
    const connection = this.connections.getFor(role.database, role.name)
    const type = role.credentialType ?? 'password'
    if (type !== 'password') throw new VaultError(400, `unsupported credential_type: "${type}"`)
    return connection
  }

  async #createUser(
    connection: Connection,
    role: DatabaseRole,
    displayName: string,
    expiresMs: number,
  ): Promise<{ username: string; password: string }> {
    const password = this.connections.newPassword(connection, String(role.credentialConfig?.['password_policy'] ?? ''))
    if (role.creationStatements.length === 0) throw new VaultError(500, multiError('empty creation statements'))
    const slot = await this.connections.present(connection)
    for (let attempt = 1; ; attempt++) {
      const username = safeName(connection.usernames(displayName, role.name, this.#around.time.nowMs(), slot))
      try {
        await connection.plugin.createUser(role.creationStatements, { username, password }, expiresMs)
        return { username, password }
      } catch (error) {
        if (error instanceof UserExistsError && attempt < NAME_TRIES) continue
        throw new VaultError(500, multiError((error as Error).message))
      }
    }
  }

  /** Renewal reads the role anew. Revocation does, too, as long as the role is there; afterwards it goes by what it was. */
  #secret(role: DatabaseRole, username: string): LeasedSecret {
    const current = (): DatabaseRole => this.roles.get(role.name) ?? role
    const drop = async (statements: readonly string[]): Promise<void> =>
      this.connections.get(current().database).plugin.dropUser(statements, username)
    return {
      role: role.name,
      username,
      limits: () => limitsOf(this.#roleForRenewal(role.name)),
      mountLimits: this.#around.mount.limits,
      extend: (expiresMs) => this.#extend(role.name, username, expiresMs),
      revoke: () => drop(current().revocationStatements.filter((statement) => statement !== '')),
      discard: () => drop([]),
    }
  }

  async #extend(roleName: string, username: string, expiresMs: number): Promise<void> {
    const role = this.#roleForRenewal(roleName)
    await this.connections.get(role.database).plugin.extendUser(role.renewStatements, username, expiresMs)
  }

  #roleForRenewal(name: string): DatabaseRole {
    const role = this.roles.get(name)
    if (role === undefined) throw new Error(`error during renew: could not find role with name "${name}"`)
    return role
  }
}

/** A login may put any text into its display name, from there into the user's name, and from there between the quotes of a statement. */
function safeName(username: string): string {
  if (!/['"`\\;\0\r\n]/.test(username)) return username
  throw new VaultError(500, multiError('the generated user name holds a quote, backslash, semicolon or control character'))
}

function limitsOf(role: DatabaseRole): { defaultSeconds: number; maxSeconds: number } {
  return { defaultSeconds: role.defaultTtlSeconds, maxSeconds: role.maxTtlSeconds }
}
