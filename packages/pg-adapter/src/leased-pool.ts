import { Client, Pool } from 'pg'
import { leasedPoolClass, type LeasedPoolClass } from './leased-pool-class'

/** A `pg.Pool`, as {@link LeasedPool} makes it. */
export type LeasedPool = Pool

/**
 * A `pg.Pool` whose database user changes under it: give it to whatever takes a `pg.Pool`. It takes every option of `pg.Pool`;
 * `user` and `password`, also in a connection string, are dropped with a warning, and `database` must be known.
 *
 * Beyond what `pg.Pool` promises: connections of a replaced user are closed when idle or on release and never lent again; sockets
 * never exceed `max`, whatever the reason for a new one; a connection idle for longer than `pingBypassMs` is checked before it is
 * lent; `end()` serves everybody who was waiting before it ends, and resolves when every socket is closed.
 */
export const LeasedPool: LeasedPoolClass = leasedPoolClass({ Pool, Client })
