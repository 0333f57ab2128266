import { readLockout } from '../auth/lockout'
import { Fields } from '../http/fields'
import type { Leases } from '../leases/leases'
import { describeMount, describeTuning } from './mount-descriptions'
import { MOUNT_FIELDS, mountSeconds, TUNE_FIELDS } from './mount-fields'
import { endAllOf } from './mount-end'
import type { Backend, Mount, MountReference, Mounts, MountSettings } from './mounts'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import type { Tokens } from '../tokens/tokens'

/** What the routes of mounts work on. */
export interface MountContext {
  readonly mounts: Mounts
  readonly leases: Leases
  readonly tokens: Tokens
  /** Makes an engine (`auth/…` paths: a login method) of a type, or answers `undefined` if there is no such type. */
  readonly backendOf: (
    type: string,
    kind: 'engine' | 'auth',
    options: Readonly<Record<string, string>>,
  ) => ((mount: MountReference) => Backend) | undefined
}

/** Mounts that stay where they are. */
export const BUILT_IN = ['sys/', 'cubbyhole/', 'identity/', 'auth/token/']
const PATH = String.raw`(?<path>.+?)/?`

/** `sys/mounts` and `sys/auth`: list, mount, read, tune, unmount. */
export function mountRoutes(context: MountContext): Route[] {
  return [
    { pattern: /^(mounts|auth)$/, fields: {}, read: (request) => list(context, request) },
    {
      pattern: new RegExp(`^(mounts|auth)/${PATH}/tune$`),
      fields: TUNE_FIELDS,
      read: (request) => ({ data: describeTuning(tunable(context, request)), dataAtTopLevel: true }),
      update: (request) => tune(context, request),
    },
    {
      pattern: new RegExp(`^(mounts|auth)/${PATH}$`),
      fields: MOUNT_FIELDS,
      read: (request) => ({ data: describeMount(existing(context, request)), dataAtTopLevel: true }),
      update: (request) => enable(context, request),
      delete: (request) => disable(context, request),
    },
  ]
}

function enable({ mounts, backendOf }: MountContext, request: VaultRequest): void {
  const { fields } = request
  const path = mountPath(request)
  const asked = fields.string('type') ?? ''
  const type = asked === 'plugin' ? (fields.string('plugin_name') ?? '') : asked
  const isAuth = request.params[0] === 'auth'
  if (type === '') throw new VaultError(400, 'backend type must be specified as a string')
  if (isAuth && type === 'token') throw new VaultError(400, 'token credential backend cannot be instantiated')
  const settings = settingsOf(fields, isAuth)
  if (!isAuth && /^(sys|auth|cubbyhole|identity)\//.test(path)) throw new VaultError(400, `cannot mount "${path}"`)
  if (['cubbyhole', 'system', 'identity'].includes(type)) throw new VaultError(400, `mount type of "${type}" is not mountable`)
  const options = type === 'kv-v2' ? { version: '2' } : (settings.options ?? {})
  const backend = backendOf(type.replace(/^kv-v[12]$/, 'kv'), isAuth ? 'auth' : 'engine', options)
  if (backend === undefined) throw new VaultError(400, `plugin not found in the catalog: ${type}`)
  mounts.add(path, backend, { ...settings, options })
}

function settingsOf(fields: Fields, isAuth: boolean): Partial<MountSettings> {
  const config = new Fields(fields.map('config') ?? {})
  const defaultSeconds = parsedSeconds(config, 'default_lease_ttl', 'default TTL')
  const maxSeconds = parsedSeconds(config, 'max_lease_ttl', 'max TTL')
  if (maxSeconds > 0 && defaultSeconds > maxSeconds)
    throw new VaultError(400, 'given default lease TTL greater than given max lease TTL')
  const visibility = config.string('listing_visibility')
  return {
    defaultSeconds,
    maxSeconds,
    description: fields.string('description') ?? '',
    options: fields.stringMap('options') ?? {},
    local: fields.boolean('local') ?? false,
    sealWrap: fields.boolean('seal_wrap') ?? false,
    ...(isAuth ? { tokenType: config.string('token_type') ?? 'default-service' } : {}),
    ...(visibility === undefined ? {} : { listingVisibility: visibility }),
  }
}

function parsedSeconds(config: Fields, name: string, what: string): number {
  try {
    return Math.max(0, mountSeconds(config, name) ?? 0)
  } catch (error) {
    throw new VaultError(400, `unable to parse ${what} of ${config.string(name)}: ${(error as Error).message}`)
  }
}

/** The leases and, of a login method, the tokens that came from a mount end with it. */
async function disable({ mounts, leases, tokens }: MountContext, request: VaultRequest): Promise<void> {
  const path = mountPath(request)
  if (request.params[0] === 'auth' && path === 'auth/token/')
    throw new VaultError(400, 'token credential backend cannot be disabled')
  if (BUILT_IN.includes(path)) throw new VaultError(400, `cannot unmount "${path}"`)
  const mount = mounts.get(path)
  if (mount === undefined) return
  await endAllOf(path, { leases, tokens })
  mounts.remove(path)
  await mount.backend.close?.()
}

function tune({ mounts }: MountContext, request: VaultRequest): void {
  const { fields } = request
  const path = mountPath(request)
  if (/^(sys|cubbyhole|audit)\//.test(path)) throw new VaultError(400, `cannot tune "${path}"`)
  const mount = mounts.find(path)
  if (mount === undefined) throw new VaultError(400, `tune of path "${path}" failed: no mount entry found`)
  const defaultSeconds = mountSeconds(fields, 'default_lease_ttl') ?? mount.settings.defaultSeconds
  const maxSeconds = mountSeconds(fields, 'max_lease_ttl') ?? mount.settings.maxSeconds
  if (maxSeconds !== 0 && defaultSeconds !== 0 && defaultSeconds > maxSeconds) {
    const text = `backend max lease TTL of ${maxSeconds} would be less than backend default lease TTL of ${defaultSeconds}`
    throw new VaultError(400, text)
  }
  const tokenType = fields.string('token_type')
  const visibility = fields.string('listing_visibility')
  mount.lockout = readLockout(fields.any('user_lockout_config'), mount.lockout)
  mount.settings = {
    ...mount.settings,
    defaultSeconds,
    maxSeconds,
    description: fields.string('description') ?? mount.settings.description,
    options: fields.stringMap('options') ?? mount.settings.options,
    ...(tokenType === undefined ? {} : { tokenType }),
    ...(visibility === undefined ? {} : { listingVisibility: visibility }),
  }
}

function list({ mounts }: MountContext, request: VaultRequest): Reply {
  const isAuth = request.params[0] === 'auth'
  const shown = mounts.all().filter((mount) => mount.path.startsWith('auth/') === isAuth)
  return {
    data: Object.fromEntries(shown.map((mount) => [mount.path.replace(/^auth\//, ''), describeMount(mount)])),
    dataAtTopLevel: true,
  }
}

/** A path below an engine stands for the engine, one below a login method for nothing. */
function existing({ mounts }: MountContext, request: VaultRequest): Mount {
  const isAuth = request.params[0] === 'auth'
  const mount = isAuth ? mounts.get(mountPath(request)) : mounts.find(mountPath(request))
  if (mount !== undefined) return mount
  throw new VaultError(400, `${isAuth ? 'No auth engine' : 'No secret engine mount'} at ${request.params[1]!}/`)
}

function tunable({ mounts }: MountContext, request: VaultRequest): Mount {
  const path = mountPath(request)
  const mount = mounts.find(path)
  if (mount === undefined) throw new VaultError(400, `cannot fetch sysview for path "${path}"`)
  return mount
}

function mountPath({ params }: VaultRequest): string {
  return `${params[0] === 'auth' ? 'auth/' : ''}${params[1]!}/`
}
