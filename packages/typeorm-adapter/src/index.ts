export {
  leasedDataSource,
  type DataSourceCredentials,
  type LeasableOptions,
  type LeasedDataSourceOptions,
  type MysqlConnection,
} from './leased-data-source'
export { closeDataSource } from './close-data-source'
// For what `queryRunner.connect()` gives
export { pin } from '@leasepool/core'
