import type { ServerKind } from '../../contract/server'

export interface RunOptions {
  readonly kind: ServerKind
  readonly rotations: number
  /** A sample is taken after so many. */
  readonly every: number
  readonly seed: number
  /** So much is leaked with each rotation, to see that it is seen. */
  readonly leakBytes: number
}

/** What was measured when nobody worked and no connection was open. */
export interface Sample {
  readonly rotations: number
  /** After a collection of garbage, in bytes. */
  readonly heapBytes: number
  /** Listeners of the credentials, the pools and the process. */
  readonly listeners: number
  /** What keeps the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Connections and credentials of the past that something still holds. */
  readonly held: number
}

/** What a run of rotations came to. */
export interface Report {
  readonly rotations: number
  readonly seconds: number
  /** By the name of what was done. */
  readonly done: Readonly<Record<string, number>>
  /** Who was impatient. */
  readonly served: number
  readonly gaveUp: number
  readonly failures: readonly string[]
  /** Events that must not be, and warnings of the process. */
  readonly unwanted: readonly string[]
  /** Rows of transactions that were committed, and of those that were not. */
  readonly rows: { readonly committed: number; readonly givenUp: number }
  readonly peakSockets: readonly number[]
  readonly socketsLeft: number
  /** Attached pools. */
  readonly poolsLeft: number
  readonly usersLeft: number
  /** Because the pool's only connection was not given back in time. */
  readonly probesSkipped: number
  /** Of the impatient pool. */
  readonly probesTimedOut: number
  readonly samples: readonly Sample[]
}

/** By how much the heap grows with each rotation, in bytes: the median of all slopes between two samples (Theil and Sen). */
export function bytesPerRotation(samples: readonly Pick<Sample, 'rotations' | 'heapBytes'>[]): number {
  const slopes = samples
    .flatMap((a, index) => samples.slice(index + 1).map((b) => (b.heapBytes - a.heapBytes) / (b.rotations - a.rotations)))
    .toSorted((a, b) => a - b)
  return slopes[Math.floor(slopes.length / 2)] ?? 0
}
