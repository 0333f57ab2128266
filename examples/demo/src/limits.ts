/** The pool's `max`, and what the database itself allows: one socket more is a failed query. */
export const MAX_CONNECTIONS = 10

/** How long a database user lives unless its lease is renewed, in s. */
export const TTL_SECONDS = 2

/** How long it lives at most, in s. */
export const MAX_TTL_SECONDS = 8

/**
 * When to take the next user, as a share of max_ttl. Vault counts in whole seconds, so that a user's last renewal may end it as early
 * as 7 s after its issue; a transaction of 3 s that began just before the rotation must be over by then, with some time to spare.
 */
export const ROTATE_FRACTION = 0.4
