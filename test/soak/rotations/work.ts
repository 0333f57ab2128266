import { setTimeout as sleep } from 'node:timers/promises'

/** What an app does with a pool, once. Rejects when it was not served as it has to be. */
export type Operation = () => Promise<void>

/** Two pools of an app on the same credentials, and what is done with each. */
export interface Work {
  /** A pool whose callers wait as long as it takes, by the name of what is done. */
  readonly patient: Readonly<Record<string, Operation>>
  /** A pool with one connection and a short time limit for who waits. */
  impatient(use: () => Promise<void>): Promise<void>
  /** Whether an error says that this time limit was up, for a caller or for a probe. */
  gaveUp(error: unknown): boolean
  /** Event emitters whose listeners must not become more. */
  readonly emitters: readonly { eventNames(): (string | symbol)[]; listenerCount(event: string | symbol): number }[]
  /** How many rows have this label. */
  rows(label: string): Promise<number>
  end(): Promise<void>
}

/** What `commit` inserts, each time it is done. */
export const COMMITTED = 'committed'
/** What transactions insert that end otherwise: never to be seen. */
export const GIVEN_UP = 'given up'

export function insert(label: string): string {
  return `INSERT INTO item (label) VALUES ('${label}')`
}

/** How long who is impatient waits, in ms: far longer than all callers before it take, unless one of them does not give back. */
export const PATIENCE_MS = 500

/** Limits of the two pools. */
export const MAX = 3
export const IMPATIENT_MAX = 1

/** Rows that a stream is asked for, of the 1 000 that there are at least. */
export const STREAMED = 300

export interface Where {
  readonly host: string
  readonly database: string
  /** Of the proxies in front of either pool. */
  readonly port: number
  readonly impatientPort: number
  /** In [0, 1). */
  readonly random: () => number
  /** Told of each physical connection. */
  readonly opened: (connection: object) => void
}

/** Up to 20 ms in which nothing is done with what was borrowed. */
export function idle(random: () => number): Promise<void> {
  return sleep(random() * 20)
}

export function expectCode(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error
  }
}

export function expectRows(rows: number, expected: number): void {
  if (rows !== expected) throw new Error(`${rows} rows instead of ${expected}`)
}
