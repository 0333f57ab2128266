export { createLeasedPool, leasedFactory, type LeasedFactory, type LeasedGenericPoolOptions } from './leased-factory'
export type { ConnectionFactory } from './connection-factory'
export { pin } from '@leasepool/core'
