export { leasedKnex } from './leased-knex'
export { pin } from '@leasepool/core'
