import { randomUUID } from 'node:crypto'

/** Vault makes an entity for everybody who logs in; who comes again by the same alias on the same mount is the same. */
export class Entities {
  readonly #ids = new Map<string, string>()

  /** The id of the entity with this alias, made now if there is none. */
  idOf(mountPath: string, alias: string): string {
    const key = `${mountPath}\n${alias}`
    const id = this.#ids.get(key) ?? randomUUID()
    this.#ids.set(key, id)
    return id
  }
}
