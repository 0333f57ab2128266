/**
 * One immutable user name and password, with its generation number.
 * The password is kept out of `util.inspect`, `JSON.stringify`, spreads and enumeration: only `credential.password` gives it.
 */
export class Credential {
  readonly #password: string

  constructor(
    /** Number of this credential, from 1. Compare generations, never user names: a static role keeps its name. */
    readonly generation: number,
    readonly username: string,
    password: string,
  ) {
    this.#password = password
    Object.freeze(this)
  }

  get password(): string {
    return this.#password
  }
}
