import type { LeasedCredentials } from '@leasepool/core'
import type { Happening, Tally } from './tally'

/** What the demo is doing. */
export type Phase = 'starting' | 'running' | 'ending' | 'ended'

/** Shows what goes on: a live view on a terminal, lines elsewhere. */
export interface Display {
  /** Call it as soon as there is something to see. */
  follow(credentials: LeasedCredentials, tally: Tally): void
  phase(phase: Phase): void
  happened(happening: Happening): void
  /** Shows the last state and leaves the terminal as it was. */
  close(): void
}
