import { compare, hash } from 'bcryptjs'
import { VaultError } from '../http/respond'
import { NO_TOKEN_PARAMETERS, type TokenParameters } from './token-parameters'

/** One user. */
export interface User {
  /** In lower case. */
  readonly name: string
  /** By bcrypt. */
  readonly passwordHash: string
  readonly parameters: TokenParameters
}

/** Few rounds: tests log in often, and nothing here is kept. */
const ROUNDS = 4

const HASH_LENGTH = 60

/** The users of one userpass mount. */
export class Users {
  readonly #users = new Map<string, User>()

  names(): string[] {
    return [...this.#users.keys()]
  }

  get(name: string): User | undefined {
    return this.#users.get(name.toLowerCase())
  }

  /** Stores a user, or changes the one that is there. */
  set(name: string, changes: Partial<Omit<User, 'name'>>): void {
    const key = name.toLowerCase()
    const before = this.#users.get(key) ?? { name: key, passwordHash: '', parameters: NO_TOKEN_PARAMETERS }
    this.#users.set(key, { ...before, ...changes })
  }

  /** Deletes a user; the tokens live on but are not renewed. */
  delete(name: string): void {
    this.#users.delete(name.toLowerCase())
  }

  /** The user, if the password is right. */
  async verify(name: string, password: string): Promise<User | undefined> {
    const user = this.get(name)
    return user !== undefined && (await compare(password, user.passwordHash)) ? user : undefined
  }
}

/** The hash to store: of the password, or the given one. Throws 400 unless there is exactly one of them. */
export async function passwordHashOf(password: string, passwordHash: string): Promise<string> {
  if (password !== '' && passwordHash !== '') refuse('"password" and "password_hash" cannot be supplied together')
  if (password === '' && passwordHash === '') refuse('"password" or "password_hash" must be supplied')
  if (password !== '') return hash(password, ROUNDS)
  if (passwordHash.length !== HASH_LENGTH) throw new Error('password hash has incorrect length')
  if (!/^\$2[aby]\$/.test(passwordHash)) throw new Error('password hash has incorrect prefix')
  return passwordHash
}

function refuse(text: string): never {
  throw new VaultError(400, text)
}
