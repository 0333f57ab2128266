import type { Bed } from './bed'

/** What a case can run against. */
export type ServerKind = 'vault' | 'openbao' | 'dev-vault'

/** HashiCorp Vault, and what follows it. */
export const VAULT_ONLY: readonly ServerKind[] = ['vault', 'dev-vault']
export const OPENBAO_ONLY: readonly ServerKind[] = ['openbao']

/**
 * One request and what its answer must be. In `send`, `as` and all strings of `body` and `headers`, `$name` stands for a value that an
 * earlier step kept, or for one of the bed: `$root`, `$app`, `$min`.
 */
export interface Step {
  /** Method and path below `/v1/`: `GET sys/health`. */
  readonly send: string
  /** The token: `$root` unless said otherwise, none for `''`. */
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** The exact texts in `errors`, or matchers for them. */
  readonly errors?: readonly unknown[]
  /** What the body must contain; matchers may stand in it. `null` means that there is no body. */
  readonly answer?: object | null
  /** The exact texts in `warnings`, or matchers for them. */
  readonly warnings?: readonly unknown[] | null
  /** Values for later steps, by where they are in the body: `{ token: 'auth.client_token' }`. */
  readonly keep?: Readonly<Record<string, string>>
}

interface CaseBase {
  /** Unique. A number alone is a case of the reference's table. */
  readonly id: string
  /** The behaviour, as a sentence without a subject. */
  readonly name: string
  /** Where it runs. @default all */
  readonly servers?: readonly ServerKind[]
}

/** Requests in a row. */
export interface StepCase extends CaseBase {
  readonly steps: readonly Step[]
}

/** What takes more than requests in a row. */
export interface StoryCase extends CaseBase {
  readonly story: (bed: Bed) => Promise<void>
}

/** One behaviour that all servers share. Cases run concurrently: each uses tokens, leases and, where it changes them, roles of its own. */
export type Case = StepCase | StoryCase

/** The text of a Go multierror with one error. */
export const E1 = (text: string): string => `1 error occurred:\n\t* ${text}\n\n`

/** The text of a Go multierror with two. */
export const E2 = (one: string, two: string): string => `2 errors occurred:\n\t* ${one}\n\t* ${two}\n\n`
