// `@leasepool/pg-adapter/clients`: for adapters of libraries that load pg themselves, or do without it. Loads no pg.
export { leasedPoolClass, type LeasedPoolClass, type PgModule } from './leased-pool-class'
export { leasedClient, generationOf, generationOfFailure, type ClientBook } from './leased-client'
export { assumeRole } from './assume-role'
export { cancelQuery, cancelRequest } from './cancel'
export { farewellAfter, pgDriver, ping, type PingResult } from './driver'
export { whenDone } from './when-done'
export { withoutLogin, type ConnectionFields } from './connection-config'
