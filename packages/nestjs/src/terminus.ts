import { optionalModule } from './optional-module'

/** What `@nestjs/terminus` takes for an indicator's result. */
export type HealthStatus = 'up' | 'degraded' | 'down'

/** The few members of Terminus that say what it understands. Looked at in 10.3.0, 11.1.1 and 12.1.0. */
interface Terminus {
  /** Up to 11. Version 10 hears of what is down by this error only. */
  readonly HealthCheckError?: new (message: string, causes: object) => Error
  /** From 11 on. Sessions of 12 have `degraded`. */
  readonly HealthIndicatorService?: new () => { check(key: string): object }
}

export interface Dialect {
  readonly hasDegraded: boolean
  /** What is to be thrown, where that is how to say it. */
  downError(message: string, result: object): Error | undefined
}

let dialect: Dialect | undefined

/** How the installed Terminus wants to be spoken to. */
export function terminusDialect(): Dialect {
  return (dialect ??= dialectOf(optionalModule<Terminus>('@nestjs/terminus')))
}

export function dialectOf(terminus: Terminus | undefined): Dialect {
  if (terminus === undefined) return { hasDegraded: true, downError: () => undefined }
  const { HealthCheckError, HealthIndicatorService } = terminus
  const hasDegraded = HealthIndicatorService !== undefined && 'degraded' in new HealthIndicatorService().check('leasepool')
  const throwsDown = HealthIndicatorService === undefined
  return {
    hasDegraded,
    downError: (message, result) =>
      throwsDown && HealthCheckError !== undefined ? new HealthCheckError(message, result) : undefined,
  }
}
