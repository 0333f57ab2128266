import type { Health, LeasedCredentials } from '@leasepool/core'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Readiness {
  readonly ready: boolean
  /** leasepool's own view: `degraded` works, but not for ever; alert on it. */
  readonly credentials: Health
  readonly database: 'answers' | 'fails' | 'silent' | 'not asked'
}

const SILENT_AFTER_MS = 1_000
const silence = (): Promise<'silent'> => sleep(SILENT_AFTER_MS, 'silent', { ref: false })

/** Whether requests can be served: a database user that works, a database that answers, and nobody told the service to stop. */
export function readiness(
  credentials: LeasedCredentials,
  query: () => Promise<unknown>,
  stop: AbortSignal,
): () => Promise<Readiness> {
  // One query for all who ask until it has its answer: those to a silent database must not take the pool's connections one by one.
  let asked: Promise<'answers' | 'fails'> | undefined
  const ask = (): Promise<'answers' | 'fails'> =>
    (asked ??= query()
      .then(
        () => 'answers' as const,
        () => 'fails' as const,
      )
      .finally(() => (asked = undefined)))

  return async () => {
    const database = stop.aborted ? 'not asked' : await Promise.race([ask(), silence()])
    const { health } = credentials.status()
    return { ready: database === 'answers' && health.state !== 'down' && !stop.aborted, credentials: health, database }
  }
}
