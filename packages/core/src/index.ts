export {
  vaultCredentials,
  vaultStaticCredentials,
  type VaultCredentialsOptions,
  type VaultStaticCredentialsOptions,
} from './vault-credentials'
export { vaultClient, type Vault, type VaultRoleCredentialsOptions, type VaultStaticRoleCredentialsOptions } from './vault-client'
export type { VaultConnectionOptions } from './vault/options'
export type { NodeVaultClient } from './vault/node-vault'
export type { ClientCertificate, Pem, VaultTlsOptions } from './vault/transport/tls'
export type { DynamicRoleOptions } from './sources/vault-dynamic-role'
export type { StaticRoleOptions } from './sources/vault-static-role'
export { fallback, type FallbackOptions } from './sources/fallback'
export { renderedFile, type RenderedFileOptions } from './sources/rendered-file'
export { renderedFileCredentials, type RenderedFileCredentialsOptions } from './sources/rendered-file-credentials'
export type { RenderedFormat } from './sources/rendered/formats'
export { fixedCredentials } from './sources/fixed'
export { fixedLogin, type FixedCredentialsOptions } from './sources/fixed-login'
export { LeasedCredentials } from './leased-credentials'
export type { LeasedCredentialsOptions } from './leased-credentials-options'
export type { VaultAuth } from './vault/auth/auth'
export type { AppRoleAuth } from './vault/auth/app-role'
export type { CertAuth } from './vault/auth/cert'
export type { CustomAuth, VaultLoginClient } from './vault/auth/custom'
export type { JwtAuth } from './vault/auth/jwt'
export type { KubernetesAuth } from './vault/auth/kubernetes'
export type { LdapAuth, UserpassAuth } from './vault/auth/password'
export type { SecretValue } from './vault/auth/secret'
export type { WrappedSecretId } from './vault/auth/secret-id'
export type { TokenAuth } from './vault/auth/token'
export type { TokenFileAuth } from './vault/auth/token-file'
export { Credential } from './credential'
export type { LeasedCredentialsEvents, RotationReason, SourceReport, SourceRotationReason } from './events'
export type { Health, HealthReason } from './health'
export type { LeasedCredentialsStatus } from './status'
export { closeOnSignal, type Closable, type CloseOnSignalOptions } from './close-on-signal'
export {
  AcquireTimeoutError,
  AssumeRoleError,
  ClosedError,
  LeasepoolError,
  LoginPausedError,
  NoSourceError,
  OptionError,
  ProbeError,
  RenderedFileError,
  StartTimeoutError,
  UnreadableMessageError,
  VaultAnswerError,
  VaultError,
  VaultLoginError,
  VaultRefusedError,
  VaultUnavailableError,
  type LeasepoolErrorCode,
  type VaultLoginProblem,
  type VaultRequestInfo,
} from './errors'

// For sources
export { LeaseLostError, type CredentialSource, type IssuedCredential, type SourceHost } from './source'
export type { Lease } from './lease'

// For adapters
export type { DrainLimits, HeldConnection, PoolHost, PoolStats, ProbeResult, RotatablePool } from './pool'
export { LedgerPool, type ConnectionDriver } from './ledger-pool'
export { leasedPoolOptionRules, leasedPoolSettings, type LeasedPoolOptions, type LeasedPoolSettings } from './leased-pool-options'
export { pin, pinnable } from './pin'
export { ConnectionLedger } from './connection-ledger'
export type { ConnectionState, Farewell, LedgerEntry, LendResult } from './ledger-entry'
export { SocketSlots } from './socket-slots'
export {
  aFunction,
  checkOptions,
  describe,
  fraction,
  httpUrl,
  milliseconds,
  nonEmptyString,
  objectWith,
  type OptionCheck,
  type OptionRules,
} from './options'
export { classifyDatabaseError, type DatabaseErrorKind } from './database-errors'
export { warnLoginDropped } from './login-dropped'
export { systemClock, type Clock } from './clock'
export { TimeLimit } from './time-limit'
