export {
  leasedDataSource,
  type DataSourceCredentials,
  type LeasableOptions,
  type LeasedDataSourceOptions,
} from './leased-data-source'
export { closeDataSource } from './close-data-source'
// For what `queryRunner.connect()` gives
export { pin } from '@leasepool/core'
