import type { DevVaultEvent } from '@leasepool/dev-vault'
import type { Interruption } from '../interrupt'
import type { DevDatabase } from './databases'

/** All that an app needs to log in. Holds secrets. */
export interface Ready {
  readonly address: string
  readonly token: string
  readonly roleId: string
  readonly secretId: string
  readonly databases: readonly DevDatabase[]
  readonly ttlSeconds: number
  readonly maxTtlSeconds: number
}

/** How the run is shown: as text or as JSON. */
export interface Report {
  ready(ready: Ready): void
  happened(event: DevVaultEvent, dateMs: number): void
  /** `users`: how many there are to be dropped. */
  ending(why: Interruption | 'PostgreSQL ended', users: number): void
  /** What became of them. */
  ended(dropped: number, left: number): void
}
