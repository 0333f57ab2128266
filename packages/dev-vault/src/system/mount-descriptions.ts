import { limitsOf, type Mount } from './mounts'

/** What is part of Vault itself has no such status, and neither has the database engine. */
const WITHOUT_STATUS: ReadonlySet<string> = new Set(['system', 'cubbyhole', 'identity', 'token', 'database'])

/** A mount as `sys/mounts` shows it. */
export function describeMount(mount: Mount): Record<string, unknown> {
  const { settings, backend, accessor, uuid } = mount
  return {
    accessor,
    config: describeConfig(mount, settings.defaultSeconds, settings.maxSeconds),
    ...(WITHOUT_STATUS.has(backend.type) ? {} : { deprecation_status: 'supported' }),
    description: settings.description,
    external_entropy_access: false,
    local: settings.local,
    options: settings.options,
    plugin_version: '',
    running_plugin_version: backend.type === 'kv' ? 'v0.25.0+builtin' : 'v1.21.0+builtin.vault',
    running_sha256: '',
    seal_wrap: settings.sealWrap,
    type: backend.type,
    uuid,
  }
}

/** The same with the limits that hold, for the command line and the user interface. */
export function describeForUi(mount: Mount): Record<string, unknown> {
  const { defaultSeconds, maxSeconds } = limitsOf(mount.settings)
  return { ...describeMount(mount), config: describeConfig(mount, defaultSeconds, maxSeconds) }
}

/** A mount as `…/tune` shows it. */
export function describeTuning(mount: Mount): Record<string, unknown> {
  const { defaultSeconds, maxSeconds } = limitsOf(mount.settings)
  const { description, options } = mount.settings
  const isAuth = mount.path.startsWith('auth/')
  return {
    ...describeConfig(mount, defaultSeconds, maxSeconds),
    description,
    ...(isAuth || options === null || Object.keys(options).length === 0 ? {} : { options }),
  }
}

function describeConfig({ settings, path }: Mount, defaultSeconds: number, maxSeconds: number): Record<string, unknown> {
  return {
    default_lease_ttl: defaultSeconds,
    force_no_cache: false,
    max_lease_ttl: maxSeconds,
    ...(settings.passthroughHeaders === undefined ? {} : { passthrough_request_headers: settings.passthroughHeaders }),
    ...(settings.listingVisibility === undefined ? {} : { listing_visibility: settings.listingVisibility }),
    ...(path.startsWith('auth/') ? { token_type: settings.tokenType ?? 'default-service' } : {}),
  }
}
