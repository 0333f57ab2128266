import type { FieldSchema } from '../http/fields'

/** Durations are texts here: Vault reads them later than it checks the fields, and answers differently to bad ones. */
export const CREATE_FIELDS: FieldSchema = {
  role_name: 'string',
  policies: 'strings',
  ttl: 'string',
  lease: 'string',
  explicit_max_ttl: 'string',
  period: 'string',
  renewable: 'boolean',
  num_uses: 'integer',
  type: 'string',
  no_parent: 'boolean',
  no_default_policy: 'boolean',
  display_name: 'string',
  meta: 'stringMap',
  id: 'string',
  entity_alias: 'string',
}

/** The fields of a token role. */
export const ROLE_FIELDS: FieldSchema = {
  role_name: 'string',
  allowed_policies: 'list',
  disallowed_policies: 'list',
  allowed_policies_glob: 'list',
  disallowed_policies_glob: 'list',
  allowed_entity_aliases: 'list',
  bound_cidrs: 'list',
  explicit_max_ttl: 'seconds',
  orphan: 'boolean',
  path_suffix: 'string',
  period: 'seconds',
  renewable: 'boolean',
  token_bound_cidrs: 'list',
  token_explicit_max_ttl: 'seconds',
  token_no_default_policy: 'boolean',
  token_num_uses: 'integer',
  token_period: 'seconds',
  token_type: 'string',
}
