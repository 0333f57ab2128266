import { checkOptions, describe, nonEmptyString, OptionError, type Health, type LeasedCredentialsStatus } from '@leasepool/core'
import type { CredentialsRegistry } from './credentials-registry'
import { terminusDialect, type HealthStatus } from './terminus'
import { DEFAULT_NAME } from './tokens'

/** What a health endpoint shows of credentials. No secret, and no name of a user. A type and not an interface: Terminus 10 and 11 ask for that. */
export type LeasepoolHealth = {
  /** With Terminus 12 also `degraded`. That is left out here: earlier versions would not take the type. */
  readonly status: Exclude<HealthStatus, 'degraded'>
  /** Core's: `degraded` also where Terminus has no word for it and `status` is `up`. */
  readonly health: Health['state'] | 'closed'
  readonly reasons: Health['reasons']
  readonly generation: number
  /** Until the credential ends, in whole seconds, and what ends it. */
  readonly endsInSeconds?: number
  readonly endsBecause?: NonNullable<LeasedCredentialsStatus['endsBecause']>
}

export interface LeasepoolHealthOptions {
  /** Which credentials. @default those without a name */
  readonly name?: string
  /**
   * What to say where credentials are degraded: everything works, but not for ever. @default 'degraded' where Terminus has it (12), else 'up'
   */
  readonly degradedAs?: HealthStatus
}

const STATUSES: readonly unknown[] = ['up', 'degraded', 'down'] satisfies HealthStatus[]

/** For `@nestjs/terminus`: `health.check([() => leasepool.isHealthy('database-credentials')])`. */
export class LeasepoolHealthIndicator {
  readonly #registry: CredentialsRegistry

  /** Made by `LeasepoolModule`. */
  constructor(registry: CredentialsRegistry) {
    this.#registry = registry
  }

  /**
   * Whether queries work, and will. Asks nobody: it is what the credentials know. `down` when nobody can log in, or they are closed;
   * Terminus 10 has that thrown. Rejects with `OptionError` when no credentials have the name.
   */
  async isHealthy<K extends string>(key: K, options: LeasepoolHealthOptions = {}): Promise<Record<K, LeasepoolHealth>> {
    checkOptions<LeasepoolHealthOptions>('isHealthy', options, {
      name: { check: nonEmptyString },
      degradedAs: { check: (value) => (STATUSES.includes(value) ? undefined : '"up", "degraded" or "down"') },
    })
    const { hasDegraded, downError } = terminusDialect()
    const { name = DEFAULT_NAME, degradedAs = hasDegraded ? 'degraded' : 'up' } = options
    if (degradedAs === 'degraded' && !hasDegraded) {
      throw new OptionError('isHealthy.degradedAs', '"up" or "down" with Terminus before 12', '"degraded"')
    }
    const shown = healthOf(this.#statusOf(name), degradedAs)
    const result = { [key]: shown } as Record<K, LeasepoolHealth>
    const error = shown.status === 'down' ? downError(`Credentials ${name}: ${shown.health}`, result) : undefined
    if (error !== undefined) throw error
    return result
  }

  #statusOf(name: string): LeasedCredentialsStatus {
    const credentials = this.#registry.get(name)
    if (credentials !== undefined) return credentials.status()
    const known = this.#registry.names.map((one) => `"${one}"`).join(', ')
    throw new OptionError('isHealthy.name', `one of ${known === '' ? '(none)' : known}`, describe(name))
  }
}

function healthOf(status: LeasedCredentialsStatus, degradedAs: HealthStatus): LeasepoolHealth {
  const { health, state, generation, endsInMs, endsBecause } = status
  const known = state === 'closed' ? 'closed' : health.state
  const said: Record<typeof known, string> = { healthy: 'up', degraded: degradedAs, down: 'down', closed: 'down' }
  return {
    status: said[known] as LeasepoolHealth['status'],
    health: known,
    reasons: health.reasons,
    generation,
    ...(endsInMs !== undefined && { endsInSeconds: Math.round(endsInMs / 1_000) }),
    ...(endsBecause !== undefined && { endsBecause }),
  }
}
