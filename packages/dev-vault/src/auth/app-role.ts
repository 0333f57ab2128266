import { randomUUID } from 'node:crypto'
import { NO_TOKEN_PARAMETERS, type TokenParameters } from './token-parameters'
import type { Time } from '../time'

/** One AppRole. Durations in seconds, 0 means none. */
export interface AppRole {
  /** In lower case. */
  readonly name: string
  readonly roleId: string
  readonly bindSecretId: boolean
  /** The blocks that logins must come from; `null` until some are set. */
  readonly secretIdBoundCidrs: readonly string[] | null
  readonly secretIdNumUses: number
  readonly secretIdTtlSeconds: number
  readonly localSecretIds: boolean
  readonly parameters: TokenParameters
}

/** One secret id of a role. */
export interface SecretId {
  readonly id: string
  readonly accessor: string
  readonly meta: Readonly<Record<string, string>>
  readonly ttlSeconds: number
  readonly cidrs: readonly string[]
  /** Replace those of the role in its tokens; none means the role's. */
  readonly tokenCidrs: readonly string[]
  readonly createdMs: number
  readonly removedAtMs: number | undefined
  readonly numUses: number
  usesLeft: number
  updatedMs: number
}

/** What a new secret id is to be; what is absent comes from the role. */
export type SecretIdSpec = Partial<Pick<SecretId, 'id' | 'meta' | 'ttlSeconds' | 'cidrs' | 'tokenCidrs' | 'numUses'>>

/** Vault removes expired secret ids once a minute; until then they work. */
const TIDY_MS = 60_000

/** The roles and secret ids of one AppRole mount. */
export class AppRoles {
  readonly #time: Time
  readonly #startedMs: number
  readonly #roles = new Map<string, AppRole>()
  /** By the name of the role, then by the id. */
  readonly #secretIds = new Map<string, Map<string, SecretId>>()

  constructor(time: Time) {
    this.#time = time
    this.#startedMs = time.nowMs()
  }

  names(): string[] {
    return [...this.#roles.keys()].sort()
  }

  get(name: string): AppRole | undefined {
    return this.#roles.get(name.toLowerCase())
  }

  /** The role with this role id. */
  withRoleId(roleId: string): AppRole | undefined {
    return [...this.#roles.values()].find((role) => role.roleId === roleId)
  }

  /** Stores a role, or changes the given fields of the one that is there. Throws what Vault answers to a role that cannot be. */
  set(name: string, changes: Partial<Omit<AppRole, 'name'>>): AppRole {
    const key = name.toLowerCase()
    const role = { ...(this.#roles.get(key) ?? newRole(key)), ...changes }
    if (!role.bindSecretId && (role.secretIdBoundCidrs ?? []).length === 0 && role.parameters.boundCidrs.length === 0) {
      throw new Error('at least one constraint should be enabled on the role')
    }
    const holder = this.withRoleId(role.roleId)
    if (holder !== undefined && holder.name !== key) throw new Error('role_id already in use')
    this.#roles.set(key, role)
    return role
  }

  /** Deletes a role with its secret ids; its tokens live on but cannot be renewed. */
  delete(name: string): void {
    this.#roles.delete(name.toLowerCase())
    this.#secretIds.delete(name.toLowerCase())
  }

  /** A new secret id; its uses and ttl default to the role's. Throws an Error if the role has this id already. */
  mint(role: AppRole, spec: SecretIdSpec = {}): SecretId {
    const nowMs = this.#time.nowMs()
    const { id = randomUUID(), numUses = role.secretIdNumUses, ttlSeconds = role.secretIdTtlSeconds } = spec
    if (this.findSecretId(role, id) !== undefined) throw new Error('failed to store secret_id: SecretID is already registered')
    const secret: SecretId = {
      ...{ id, numUses, ttlSeconds, accessor: randomUUID(), usesLeft: numUses },
      ...{ meta: spec.meta ?? {}, cidrs: spec.cidrs ?? [], tokenCidrs: spec.tokenCidrs ?? [] },
      ...{ createdMs: nowMs, updatedMs: nowMs },
      removedAtMs: ttlSeconds > 0 ? this.#nextTidyMs(nowMs + ttlSeconds * 1000) : undefined,
    }
    this.#secretIdsOf(role).set(id, secret)
    return secret
  }

  findSecretId(role: AppRole, id: string): SecretId | undefined {
    const secret = this.#secretIdsOf(role).get(id)
    return secret !== undefined && this.#isRemoved(secret) ? undefined : secret
  }

  /** All that are there, for lists and look-ups by accessor. */
  secretIds(role: AppRole): SecretId[] {
    return [...this.#secretIdsOf(role).values()].filter((secret) => !this.#isRemoved(secret))
  }

  destroy(role: AppRole, secret: SecretId): void {
    this.#secretIdsOf(role).delete(secret.id)
  }

  /** Counts one login; the last one that was allowed destroys the secret id. */
  use(role: AppRole, secret: SecretId): void {
    if (secret.numUses === 0) return
    secret.usesLeft -= 1
    secret.updatedMs = this.#time.nowMs()
    if (secret.usesLeft === 0) this.destroy(role, secret)
  }

  #secretIdsOf({ name }: AppRole): Map<string, SecretId> {
    const known = this.#secretIds.get(name) ?? new Map<string, SecretId>()
    this.#secretIds.set(name, known)
    return known
  }

  #isRemoved({ removedAtMs }: SecretId): boolean {
    return removedAtMs !== undefined && removedAtMs <= this.#time.nowMs()
  }

  #nextTidyMs(expiredMs: number): number {
    return this.#startedMs + Math.ceil((expiredMs - this.#startedMs) / TIDY_MS) * TIDY_MS
  }
}

function newRole(name: string): AppRole {
  return {
    name,
    roleId: randomUUID(),
    bindSecretId: true,
    secretIdBoundCidrs: null,
    secretIdNumUses: 0,
    secretIdTtlSeconds: 0,
    localSecretIds: false,
    parameters: NO_TOKEN_PARAMETERS,
  }
}
