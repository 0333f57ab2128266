import type { Difference } from './differences'

/** A reviewed difference of dev-vault from a real server. All patterns that are given must match. */
export interface Accepted {
  /** What differs and why it may stay, as a sentence of docs/dev-vault-differences.md. */
  readonly why: string
  readonly method?: RegExp
  readonly route?: RegExp
  /** The shape of the real server's answer. */
  readonly real?: RegExp
  /** The shape of dev-vault's answer. */
  readonly dev?: RegExp
}

/** All of them; a test holds the page of the docs to this list. */
export const ACCEPTED: readonly Accepted[] = [
  {
    why: 'Vault hangs up on a lease id, a token or a `token_type` of an AppRole that is no string, and on a failed login that sends a batch token, since its handler fails; dev-vault answers with an error.',
    real: /^0 /,
    dev: /^40[035] /,
  },
  {
    why: 'Tidying (`auth/token/tidy`, `sys/leases/tidy`) is over as soon as it began: nothing is left over to be tidied.',
    route: /tidy$/,
    real: /^200 \{warnings\}$/,
    dev: /^202 \{warnings\}$/,
  },
]

/** Whether the list covers a difference. */
export function isAccepted({ method, route, real, dev }: Difference): boolean {
  return ACCEPTED.some(
    (entry) =>
      matches(entry.method, method) && matches(entry.route, route) && matches(entry.real, real) && matches(entry.dev, dev),
  )
}

function matches(pattern: RegExp | undefined, text: string): boolean {
  return pattern === undefined || pattern.test(text)
}
