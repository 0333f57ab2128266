import { aBoolean, type OptionRules } from '../options'
import type { CredentialSource, IssuedCredential, SourceHost } from '../source'
import type { StaticUser, VaultClient } from '../vault/client'
import { vaultName, vaultPath } from '../vault/names'
import type { VaultConnection } from '../vault/options'
import type { VaultSession } from '../vault/session'
import { SourceChecks } from './source-checks'
import { nextLookMs, stillWaiting, waitingFor, type Waiting } from './static-role-schedule'

/** Which existing database user, whose password Vault changes from time to time. */
export interface StaticRoleOptions {
  /** Where the database secrets engine is mounted. @default 'database' */
  readonly mount?: string
  /** Name of the static role: the password is read from `<mount>/static-creds/<role>`. */
  readonly role: string
  /** Replace open connections when the password changes, though the database lets them stay. @default false */
  readonly replaceConnections?: boolean
}

export const staticRoleRules: OptionRules<StaticRoleOptions> = {
  mount: { check: vaultPath },
  role: { check: vaultName, required: true },
  replaceConnections: { check: aBoolean },
}

/**
 * One database user that stays, with a password that Vault changes on a schedule of its own. The role is read just after that should have
 * happened, until it has. A password that is changed at another time is noticed within ten minutes, or when the database refuses a login.
 */
export class VaultStaticRole implements CredentialSource {
  readonly description: string
  readonly #client: VaultClient
  readonly #session: VaultSession
  readonly #path: string
  readonly #keepsConnections: boolean
  #host: SourceHost | undefined
  #checks: SourceChecks | undefined
  /** Which password was issued last. */
  #rotation: string | undefined
  #waiting: Waiting | undefined

  constructor(options: StaticRoleOptions & VaultConnection) {
    const { mount = 'database', role, replaceConnections = false } = options
    this.#client = options.client
    this.#session = options.session
    this.#path = `${mount}/static-creds/${encodeURIComponent(role)}`
    this.#keepsConnections = !replaceConnections
    this.description = `vault ${mount}/static-creds/${role} at ${options.client.address}`
  }

  async open(host: SourceHost, signal: AbortSignal): Promise<void> {
    this.#host = host
    this.#checks ??= new SourceChecks({ source: this.description, host, check: (within) => this.#look(host, within) })
    await this.#session.open(host, signal)
  }

  /** Always asks Vault. It may well be the same password again: whether that still logs in is for the probe to find out. */
  async issue(signal: AbortSignal): Promise<IssuedCredential> {
    const read = await this.#read(signal)
    const { username, password } = read
    if (this.#host !== undefined) this.#checks?.plan(this.#waitFor(read, this.#host))
    this.#rotation = read.rotation
    return { username, password, keepsConnections: this.#keepsConnections }
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#checks?.stop()
    if (this.#host !== undefined) await this.#session.leave(this.#host, signal)
  }

  async #look(host: SourceHost, signal: AbortSignal): Promise<number> {
    const read = await this.#read(signal)
    if (read.rotation !== this.#rotation) host.rotate('source-changed')
    return this.#waitFor(read, host)
  }

  /** How long to wait until the next look, in ms, now that this was read. */
  #waitFor({ rotation, ttlMs }: StaticUser, host: SourceHost): number {
    const nowMs = host.clock.nowMs()
    const isNews = this.#waiting === undefined || rotation !== this.#rotation
    this.#waiting = isNews ? waitingFor(nowMs, ttlMs) : stillWaiting(this.#waiting!, nowMs, ttlMs)
    return nextLookMs(this.#waiting, nowMs, host.random())
  }

  #read(signal: AbortSignal): Promise<StaticUser> {
    return this.#session.withToken((token) => this.#client.readStatic(this.#path, token.value, signal), signal)
  }
}
