import { parseSeconds } from '../durations'
import type { Fields, FieldSchema } from '../http/fields'
import { VaultError } from '../http/respond'

/** The fields of `sys/mounts/<path>` and `sys/auth/<path>`. */
export const MOUNT_FIELDS: FieldSchema = {
  path: 'string',
  type: 'string',
  description: 'string',
  config: 'map',
  options: 'stringMap',
  local: 'boolean',
  seal_wrap: 'boolean',
  external_entropy_access: 'boolean',
  plugin_name: 'string',
  plugin_version: 'string',
}

/** The fields of `…/tune`. Durations are texts: `system` is one of them. */
export const TUNE_FIELDS: FieldSchema = {
  path: 'string',
  default_lease_ttl: 'string',
  max_lease_ttl: 'string',
  description: 'string',
  options: 'stringMap',
  listing_visibility: 'string',
  token_type: 'string',
  audit_non_hmac_request_keys: 'list',
  audit_non_hmac_response_keys: 'list',
  passthrough_request_headers: 'list',
  allowed_response_headers: 'list',
  allowed_managed_keys: 'list',
  delegated_auth_accessors: 'list',
  identity_token_key: 'string',
  plugin_version: 'string',
  trim_request_trailing_slashes: 'boolean',
  user_lockout_config: 'map',
}

/** A duration of a mount; `undefined` if it is not given, 0 for `system`, negative as it is. Throws 400 for text that is no duration. */
export function mountSeconds(fields: Fields, name: string): number | undefined {
  const text = fields.string(name) ?? ''
  if (text === '') return undefined
  if (text === 'system') return 0
  const seconds = parseSeconds(text)
  if (seconds === undefined) throw new VaultError(400, `time: invalid duration "${text.slice(0, 40)}"`)
  return seconds
}
