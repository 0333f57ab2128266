export { LeasedPool } from './leased-pool'
export { leasedPoolClass, type LeasedPoolClass, type PgModule } from './leased-pool-class'
export { pin } from '@leasepool/core'

// For who makes pg clients; the same without pg loaded: `@leasepool/pg-adapter/clients`
export {
  assumeRole,
  cancelQuery,
  cancelRequest,
  farewellAfter,
  generationOf,
  generationOfFailure,
  leasedClient,
  pgDriver,
  ping,
  whenDone,
  withoutLogin,
  type ClientBook,
  type ConnectionFields,
  type PingResult,
} from './clients'
