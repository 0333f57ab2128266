import type { Clock } from '../clock'
import { VaultRefusedError, VaultUnavailableError } from '../errors'
import { JointSignal } from '../joint-signal'
import type { Lease } from '../lease'
import { milliseconds, type OptionRules } from '../options'
import { TimeLimit } from '../time-limit'
import { LeaseLostError, type CredentialSource, type IssuedCredential, type SourceHost } from '../source'
import type { LeasedUser, VaultClient } from '../vault/client'
import { vaultName, vaultPath } from '../vault/names'
import type { VaultSession } from '../vault/session'

/** Which database users to ask Vault for. */
export interface DynamicRoleOptions {
  /** Where the database secrets engine is mounted. @default 'database' */
  readonly mount?: string
  /** Name of the dynamic role: credentials are read from `<mount>/creds/<role>`. */
  readonly role: string
  /**
   * The role's max_ttl, in ms. Without it leasepool reads it, where the policy grants that, or learns it from the first renewal that
   * Vault cuts short.
   */
  readonly maxTtlMs?: number
}

export const dynamicRoleRules: OptionRules<DynamicRoleOptions> = {
  mount: { check: vaultPath },
  role: { check: vaultName, required: true },
  maxTtlMs: { check: milliseconds(1_000) },
}

/** What Vault answers to a renewal when the lease is gone for good. */
const LOST = /^lease not found|^lease expired|^lease is expired/
/** Its answer when the database failed, with the same status; the lease stays as it was, and asking again may help. */
const DATABASE_FAILED = /^failed to renew entry/

/** How long reading the role may take, in ms. */
const READ_ROLE_MS = 2_000

/** Database users that Vault makes for each reader of `<mount>/creds/<role>`. */
export class VaultDynamicRole implements CredentialSource {
  readonly description: string
  readonly #client: VaultClient
  readonly #session: VaultSession
  readonly #path: string
  readonly #rolePath: string
  readonly #clock: Clock
  #maxTtlMs: number | undefined
  #host: SourceHost | undefined

  constructor(options: DynamicRoleOptions & { client: VaultClient; session: VaultSession; clock: Clock }) {
    const { mount = 'database', role } = options
    this.#clock = options.clock
    this.#client = options.client
    this.#session = options.session
    this.#path = `${mount}/creds/${encodeURIComponent(role)}`
    this.#rolePath = `${mount}/roles/${encodeURIComponent(role)}`
    this.description = `vault ${mount}/creds/${role} at ${options.client.address}`
    this.#maxTtlMs = options.maxTtlMs
  }

  /** The role's max_ttl where it was given, or could be read. */
  get maxTtlMs(): number | undefined {
    return this.#maxTtlMs
  }

  async open(host: SourceHost, signal: AbortSignal): Promise<void> {
    this.#host = host
    await this.#session.open(host, signal)
    this.#maxTtlMs ??= await this.#readMaxTtl(signal)
  }

  async issue(signal: AbortSignal): Promise<IssuedCredential> {
    return this.#session.withToken(async (token) => {
      const settled = this.#session.expects(token)
      const owned = (issued: LeasedUser): LeasedUser => {
        this.#session.owns(issued.lease.id, token)
        return issued
      }
      let isAbandoned = false
      const abandoned = (late: Promise<LeasedUser>): void => {
        isAbandoned = true
        this.#host?.abandoned(late.then(owned).finally(settled))
      }
      try {
        return owned(await this.#client.issue(this.#path, token.value, signal, abandoned))
      } finally {
        if (!isAbandoned) settled()
      }
    }, signal)
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Lease> {
    try {
      return await this.#session.withToken((token) => this.#client.renewLease(lease, token.value, signal), signal)
    } catch (cause) {
      throw cause instanceof VaultRefusedError && cause.status === 400 ? renewalError(cause) : cause
    }
  }

  async revoke(lease: Lease, signal: AbortSignal): Promise<void> {
    try {
      await this.#session.withToken((token) => this.#client.revokeLease(lease.id, token.value, signal), signal)
    } catch (cause) {
      // Nobody asks again after a refusal. If the lease's token was replaced, revoking that token gives the lease back all the same.
      if (cause instanceof VaultRefusedError) await this.#session.disown(lease.id, signal)
      throw cause
    }
    await this.#session.disown(lease.id, signal)
  }

  limitMs(lease: Lease): number | undefined {
    return this.#session.hardEndMs(lease.id)
  }

  async close(signal: AbortSignal): Promise<void> {
    if (this.#host !== undefined) await this.#session.leave(this.#host, signal)
  }

  /** Good to know, and no reason to fail: what cannot be read is learned from the first renewal that Vault cuts short. */
  async #readMaxTtl(signal: AbortSignal): Promise<number | undefined> {
    const limit = new TimeLimit(this.#clock, READ_ROLE_MS)
    const joint = new JointSignal(signal, limit.signal)
    const within = joint.signal
    try {
      return await this.#session.withToken((token) => this.#client.roleMaxTtl(this.#rolePath, token.value, within), within)
    } catch {
      return undefined
    } finally {
      limit.clear()
      joint.clear()
    }
  }
}

function renewalError(cause: VaultRefusedError): Error {
  const [reason = ''] = cause.reasons
  if (LOST.test(reason)) return new LeaseLostError({ cause })
  return DATABASE_FAILED.test(reason)
    ? new VaultUnavailableError(cause, `${cause.status} ${reason}`, cause.status, { cause })
    : cause
}
