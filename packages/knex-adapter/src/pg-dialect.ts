import {
  assumeRole,
  cancelQuery,
  generationOf,
  generationOfFailure,
  leasedClient,
  pgDriver,
  ping,
  withoutLogin,
  type ClientBook,
} from '@leasepool/pg-adapter/clients'
import type { Client } from 'pg'
import type { Dialect } from './dialect'

/** How long a query whose time is up may wait for a slot to be cancelled with, in ms. */
const CANCEL_SLOT_MS = 1_000

type ClientClass = new (config?: never) => Client

/** PostgreSQL, and what speaks its protocol, with the driver `pg`. */
export const pgDialect: Dialect = {
  fieldsOf: (_, connectionString) => ({ connectionString }),
  withoutLogin,
  lease(driver, { book, settings, made }) {
    const { clock } = settings
    const { Client: Plain } = driver as { Client: ClientClass }
    return {
      module: { ...driver, Client: watched(leasedClient(Plain, book as unknown as () => ClientBook), made) },
      connections: (where) => pgDriver({ Plain, config: where, settings }),
      assumeRole: (client, role) => assumeRole(client as Client, role),
      keyOf: (client) => client,
      ping: (client, timeoutMs) => ping(client as Client, clock, timeoutMs),
      isSuspect: () => false, // its ping tells
      discard: (client) => void (client as Client).end(),
      cut(client) {
        void (client as Client).end()
        ;(client as Client).connection.stream.destroy()
      },
      async cancel(client) {
        // By the protocol's CancelRequest: `pg_cancel_backend` is refused when another user started the query.
        const ledger = book().ledger as unknown as ClientBook['ledger']
        const result = await cancelQuery(client as Client, { ledger, clock, patienceMs: CANCEL_SLOT_MS })
        if (result === 'refused') throw new Error('The server took no cancel request')
      },
      generationOf,
      generationOfFailure,
    }
  },
}

function watched(Leased: ClientClass, made: (client: object) => void): ClientClass {
  return class extends (Leased as new (config?: object) => Client) {
    constructor(config?: object) {
      super(config)
      made(this)
    }
  } as unknown as ClientClass
}
