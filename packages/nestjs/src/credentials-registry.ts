import { OptionError, type LeasedCredentials, type Vault } from '@leasepool/core'
import type { ModulesContainer } from '@nestjs/core'
import { addShutdownHook, outermostModules } from './nest-members'
import { whereOf } from './options'

const registries = new WeakMap<object, CredentialsRegistry>()

/** All credentials of one app, by name; closes them as the last thing that the app does. */
export class CredentialsRegistry {
  readonly #container: ModulesContainer
  readonly #names = new Set<string>()
  readonly #credentials = new Map<string, LeasedCredentials>()
  readonly #toClose = new Set<LeasedCredentials>()
  readonly #vaults = new Set<Vault>()
  /** Clients of credentials that outlive the app: closing these would close those. */
  readonly #keptVaults = new Set<Vault>()
  readonly #atEnd: (() => void)[] = []
  #isHooked = false
  /** Of Nest's own module and the app's: how many have shut down. */
  #ended = 0

  private constructor(container: ModulesContainer) {
    this.#container = container
  }

  /** That of the app. */
  static of(container: ModulesContainer): CredentialsRegistry {
    const known = registries.get(container) ?? new CredentialsRegistry(container)
    registries.set(container, known)
    return known
  }

  /** Throws `OptionError` when another module of the app has the name. */
  reserve(name: string): void {
    if (this.#names.has(name)) {
      throw new OptionError(`${whereOf(name)}.name`, 'one that no other LeasepoolModule of the app has', `"${name}" twice`)
    }
    this.#names.add(name)
  }

  add(name: string, credentials: LeasedCredentials): void {
    this.#credentials.set(name, credentials)
  }

  /** `vault`: a client that the credentials were made by, and others may have been. */
  closesLast(credentials: LeasedCredentials, vault: Vault | undefined): void {
    this.#toClose.add(credentials)
    if (vault !== undefined) this.#vaults.add(vault)
  }

  /** Of credentials that outlive the app. */
  keeps(vault: Vault | undefined): void {
    if (vault !== undefined) this.#keptVaults.add(vault)
  }

  /** Called when everything has been closed. */
  atEnd(ended: () => void): void {
    this.#atEnd.push(ended)
  }

  get(name: string): LeasedCredentials | undefined {
    return this.#credentials.get(name)
  }

  get names(): readonly string[] {
    return [...this.#credentials.keys()]
  }

  /** Called when the shutdown begins: from now on, the end of the last module closes the credentials. */
  closeLast(): void {
    if (this.#isHooked) return
    this.#isHooked = true
    const outermost = outermostModules(this.#container)
    const ended = async (): Promise<void> => {
      this.#ended += 1
      if (this.#ended === outermost.length) await this.#close()
    }
    for (const { instance } of outermost) addShutdownHook(instance, ended)
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#toClose].map((credentials) => credentials.close()))
    const vaults = [...this.#vaults].filter((vault) => !this.#keptVaults.has(vault))
    await Promise.all(vaults.map((vault) => vault.close()))
    for (const ended of this.#atEnd) ended()
  }
}
