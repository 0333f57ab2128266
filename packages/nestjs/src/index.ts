export { LeasepoolModule } from './leasepool-module'
export { getCredentialsToken, InjectCredentials } from './tokens'
export type {
  LeasepoolAsyncOptions,
  LeasepoolForRootOptions,
  LeasepoolLog,
  LeasepoolModuleSettings,
  LeasepoolOptions,
  LeasepoolOptionsFactory,
} from './options'
export { closedOnShutdown } from './closed-on-shutdown'
export { LeasepoolHealthIndicator, type LeasepoolHealth, type LeasepoolHealthOptions } from './health-indicator'
export type { LeasepoolEvent, LeasepoolEventName } from './event-bridge'
