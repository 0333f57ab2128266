/** A new database user. */
export interface NewUser {
  readonly username: string
  readonly password: string
}

/** What one kind of database can do for Vault, on a few admin connections to one real server. Errors never hold a password. */
export interface DatabasePlugin {
  /** Host and port: two connections to one server have the same. */
  readonly server: string
  /** Connects once. Rejects with Vault's text, which holds the database's. */
  verify(): Promise<void>
  /** Makes a user by a role's statements. Rejects with {@link UserExistsError} if the name is taken and nothing was done. */
  createUser(statements: readonly string[], user: NewUser, expiresMs: number): Promise<void>
  /** Moves the end of a user, also to an earlier time; nothing where the database knows no such end. */
  extendUser(statements: readonly string[], username: string, expiresMs: number): Promise<void>
  /** Drops a user by the role's statements or, without any, as Vault does. */
  dropUser(statements: readonly string[], username: string): Promise<void>
  /** Changes the password of a user that is there. With no statements both values are quoted for their place. */
  setPassword(statements: readonly string[], user: NewUser): Promise<void>
  /** Takes the first of these slots that no other dev-vault has on this server, and keeps it for as long as the announcement lives. */
  announce(slots: readonly number[], onLost: () => void): Promise<Announcement>
  /** The users on the whole server whose names begin as Vault's default ones do. */
  findUsers(): Promise<string[]>
  /** Ends the sessions of a user that a dev-vault left behind, and drops the user with what it owns. */
  eraseUser(username: string): Promise<void>
  /** Ends all connections when what runs on them is done. */
  close(): Promise<void>
}

/** A kept connection by which others see that a dev-vault is alive. */
export interface Announcement {
  /** `undefined` if others have them all. */
  readonly slot: number | undefined
  /** The slots that others have now. */
  othersSlots(): Promise<ReadonlySet<number>>
  /** From now on it keeps no finished process alive. */
  unref(): void
  end(): Promise<void>
}

/** The name that was made up for a user is taken: make another one. */
export class UserExistsError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UserExistsError'
  }
}

/** Replaces every secret in a text as Vault does. */
export function masked(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== '').reduce((hidden, secret) => hidden.replaceAll(secret, '[password]'), text)
}
