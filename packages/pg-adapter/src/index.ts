export { LeasedPool, leasedPoolClass, type LeasedPoolClass, type PgModule } from './leased-pool'
export { pin } from '@leasepool/core'

// For adapters of libraries that make pg clients themselves
export { leasedClient, generationOfFailure, type ClientBook } from './leased-client'
export { assumeRole } from './assume-role'
export { cancelRequest } from './cancel'
export { farewellAfter, pgDriver, ping, type PingResult } from './driver'
export { whenDone } from './when-done'
export { withoutLogin, type ConnectionFields } from './connection-config'
