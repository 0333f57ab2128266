import type { Credential } from '@leasepool/core'

/**
 * How connections of a driver are opened and closed: a factory of generic-pool whose `create` is told who logs in. Each connection that
 * `create` gave is destroyed once.
 */
export interface ConnectionFactory<T extends object> {
  /**
   * Logs in with this user name and password, those of this moment; called when a socket may be opened. When it rejects, its socket is
   * closed. `signal` aborts when nobody needs the connection any more before it is there; one that comes later is destroyed.
   */
  create(login: Credential, signal: AbortSignal): PromiseLike<T>
  /**
   * Closes a connection. Another one may be opened when the promise settles, so let it be when the socket has ended: with a driver that does
   * not wait for that, wait for its event. After 5 s without an answer the connection is cancelled.
   */
  destroy(connection: T): PromiseLike<unknown>
  /**
   * Checks a connection before it is lent, when it has been idle for longer than `pingBypassMs`, and that a new user can log in. `false`, a
   * rejection, or no answer within `pingTimeoutMs` is a no. Best a statement that a dropped user's session fails.
   */
  validate?(connection: T): PromiseLike<unknown>
  /**
   * What a new user must be able to do before anybody depends on it, such as `SELECT 1 FROM orders LIMIT 1`: it finds a missing right or a
   * table that has not reached a replica yet. A rejection is a no. Default: that it can log in, and passes `validate`, is enough.
   */
  probe?(connection: T): PromiseLike<unknown>
  /**
   * Called once for each connection: call `lost` when it has ended by itself, or is about to. It is destroyed then, and not lent again. An
   * error that is given along, and says that the database no longer takes the user, has a new one taken.
   */
  watch?(connection: T, lost: (error?: unknown) => void): void
  /**
   * Ends what a connection runs, on the server too, so that `destroy`, which follows, has nothing to wait for: at the drain deadline, and
   * when a check or `destroy` got no answer. `login` is what the connection logged in with. It has 5 s. Without it only `destroy` is called.
   */
  cancel?(connection: T, login: Credential): PromiseLike<unknown> | void
}
