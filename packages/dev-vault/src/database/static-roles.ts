import type { Connection } from './database-connection'
import type { DatabaseConnections } from './database-connections'
import { textOf } from '../errors'
import { multiError, VaultError } from '../http/respond'
import { isInsideWindow, nextRotation, type StaticRole, type StaticRoleSettings } from './static-role'
import type { Alarm, Time } from '../time'

/** How often Vault looks which passwords are due. */
const TICK_MS = 5_000

/** How long a failed rotation waits before it is tried again. */
const RETRY_MS = 10_000

/** The static roles of one engine: accounts that exist, whose passwords dev-vault changes. */
export class StaticRoles {
  readonly #roles = new Map<string, StaticRole>()
  readonly #connections: DatabaseConnections
  readonly #time: Time
  readonly #isSealed: () => boolean
  #tick: Alarm | undefined
  #isClosed = false

  constructor(connections: DatabaseConnections, time: Time, isSealed: () => boolean) {
    this.#connections = connections
    this.#time = time
    this.#isSealed = isSealed
  }

  get(name: string): StaticRole | undefined {
    return this.#roles.get(name)
  }

  names(): string[] {
    return [...this.#roles.keys()].sort()
  }

  /** Takes over an account and changes its password at once. Throws 500 if that fails; nothing is stored then. */
  async create(settings: StaticRoleSettings): Promise<void> {
    const state = { password: '', lastRotationMs: 0, nextRotationMs: 0, dueMs: 0, pendingPassword: undefined }
    const role: StaticRole = { settings, ...state, tail: Promise.resolve() }
    await rotatingWith500(() => this.#rotate(role))
    this.#roles.set(settings.name, role)
    this.#tick ??= this.#nextTick()
  }

  /** Changes when and how the password rotates, and not the password. */
  async update(role: StaticRole, settings: StaticRoleSettings): Promise<void> {
    await exclusively(role, async () => {
      role.settings = settings
      role.nextRotationMs = nextRotation(settings.rule, role.lastRotationMs)
      role.dueMs = role.nextRotationMs
    })
  }

  /** Forgets a role; the account and its password stay. */
  delete(name: string): void {
    this.#roles.delete(name)
  }

  /** Changes the password now. Throws 500 if the database refuses; it is then tried again in the background. */
  async rotateNow(role: StaticRole): Promise<void> {
    const prefix =
      'unable to finish rotating credentials; retries will continue in the background but it is also safe to retry manually: '
    await rotatingWith500(() => exclusively(role, () => this.#rotateOrRetry(role)), prefix)
  }

  close(): void {
    this.#isClosed = true
    this.#tick?.cancel()
  }

  #nextTick(): Alarm | undefined {
    if (this.#isClosed) return undefined
    return this.#time.alarm(this.#time.nowMs() + TICK_MS, () => {
      const rotations = this.#isSealed() ? [] : [...this.#roles.values()].map((role) => this.#rotateIfDue(role))
      // Returned, so that a time that is put forward waits for it.
      return Promise.allSettled(rotations).then(() => (this.#tick = this.#nextTick()))
    })
  }

  async #rotateIfDue(role: StaticRole): Promise<void> {
    await exclusively(role, async () => {
      const nowMs = this.#time.nowMs()
      if (this.#roles.get(role.settings.name) !== role) return
      if (!isInsideWindow(role, nowMs)) {
        role.nextRotationMs = nextRotation(role.settings.rule, nowMs)
        role.dueMs = role.nextRotationMs
      }
      if (Math.floor(role.dueMs / 1000) <= Math.floor(nowMs / 1000)) await this.#rotateOrRetry(role)
    })
  }

  async #rotateOrRetry(role: StaticRole): Promise<void> {
    try {
      await this.#rotate(role)
    } catch (error) {
      role.dueMs = this.#time.nowMs() + RETRY_MS
      throw error
    }
  }

  async #rotate(role: StaticRole): Promise<void> {
    const { settings } = role
    const connection = this.#connections.getFor(settings.database, settings.name)
    if (settings.credentialType !== 'password') throw new Error(`unsupported credential_type: "${settings.credentialType}"`)
    const password = await this.#setPassword(role, connection)
    role.password = password
    role.pendingPassword = undefined
    role.lastRotationMs = this.#time.nowMs()
    role.nextRotationMs = nextRotation(settings.rule, role.lastRotationMs)
    role.dueMs = role.nextRotationMs
  }

  /** The database may have taken a password though it did not say so: it is tried once more before another one is made up. */
  async #setPassword(role: StaticRole, connection: Connection): Promise<string> {
    const { username, rotationStatements, credentialConfig } = role.settings
    const isSecondTry = role.pendingPassword !== undefined
    const policy = String(credentialConfig['password_policy'] ?? '')
    const password = role.pendingPassword ?? this.#connections.newPassword(connection, policy)
    try {
      await connection.plugin.setPassword(rotationStatements, { username, password })
      return password
    } catch (error) {
      role.pendingPassword = isSecondTry ? undefined : password
      throw new Error(`error setting credentials: ${textOf(error)}`)
    }
  }
}

async function rotatingWith500(run: () => Promise<void>, prefix = ''): Promise<void> {
  try {
    await run()
  } catch (error) {
    // Vault's own errors come wrapped already, as its core does in the end.
    const text = error instanceof VaultError ? unwrapped(error.errors[0]!) : textOf(error)
    throw new VaultError(500, multiError(prefix + text))
  }
}

function unwrapped(text: string): string {
  return text.replace(/^1 error occurred:\n\t\* ([\s\S]*)\n\n$/, '$1')
}

function exclusively(role: StaticRole, run: () => Promise<void>): Promise<void> {
  const result = role.tail.then(run)
  role.tail = result.catch(() => undefined)
  return result
}
