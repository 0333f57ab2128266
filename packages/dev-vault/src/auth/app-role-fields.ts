import type { AppRole, AppRoles } from './app-role'
import { goDuration } from '../durations'
import type { FieldKind, Fields } from '../http/fields'
import type { MountReference } from '../system/mounts'
import { multiError, type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'
import { firstThatIsNoBlock } from './cidr'
import { tidyPolicies } from './old-names'
import { readBoundCidrs, type TokenParameters } from './token-parameters'

type RoleChange = Partial<Omit<AppRole, 'name'>>

/** One field of a role that has a path of its own. */
interface SingleField {
  readonly path: string
  readonly fields: Readonly<Record<string, FieldKind>>
  readonly read: (role: AppRole) => Reply
  /** What the request changes. Throws 400 for what Vault refuses. Absent: the field cannot be written. */
  readonly write?: (fields: Fields, role: AppRole, mount: MountReference) => RoleChange
  /** Absent: the field cannot be reset. */
  readonly reset?: (role: AppRole) => RoleChange
}

const DEPRECATED_LIST =
  'The "bound_cidr_list" field is deprecated and will be removed. Please use "secret_id_bound_cidrs" instead.'

/** Reads and writes a number that is all there is to its path. */
function numberField(
  name: string,
  kind: 'integer' | 'seconds',
  value: (role: AppRole) => number,
  change: (role: AppRole, value: number) => RoleChange,
): SingleField {
  return {
    path: name.replaceAll('_', '-'),
    fields: { [name]: kind },
    read: (role) => ({ data: { [name]: value(role) } }),
    write: (fields, role) => change(role, fields[kind](name) ?? missing(name)),
    reset: (role) => change(role, 0),
  }
}

function parametersField(
  name: string,
  kind: 'integer' | 'seconds',
  key: 'numUses' | 'ttlSeconds' | 'maxTtlSeconds',
): SingleField {
  const change = (role: AppRole, value: number): RoleChange => {
    const parameters = { ...role.parameters, [key]: value }
    const { ttlSeconds, maxTtlSeconds } = parameters
    if (value > 0 && ttlSeconds > maxTtlSeconds && maxTtlSeconds > 0) throw new VaultError(400, TOO_LONG[key] ?? '')
    return { parameters }
  }
  return numberField(name, kind, (role) => role.parameters[key], change)
}

const TOO_LONG: Readonly<Record<string, string>> = {
  ttlSeconds: 'token_ttl should not be greater than token_max_ttl',
  maxTtlSeconds: 'token_max_ttl should be greater than or equal to token_ttl',
}

const FIELDS: readonly SingleField[] = [
  numberField(
    'secret_id_num_uses',
    'integer',
    (role) => role.secretIdNumUses,
    (_, secretIdNumUses) => {
      if (secretIdNumUses < 0) throw new VaultError(400, 'secret_id_num_uses cannot be negative')
      return { secretIdNumUses }
    },
  ),
  numberField(
    'secret_id_ttl',
    'seconds',
    (role) => role.secretIdTtlSeconds,
    (_, secretIdTtlSeconds) => ({ secretIdTtlSeconds }),
  ),
  parametersField('token_num_uses', 'integer', 'numUses'),
  parametersField('token_ttl', 'seconds', 'ttlSeconds'),
  parametersField('token_max_ttl', 'seconds', 'maxTtlSeconds'),
  {
    path: 'period',
    fields: { period: 'seconds', token_period: 'seconds' },
    read: ({ parameters: { periodSeconds: value, oldNames } }) => withOld('period', value, oldNames.has('period') && value > 0),
    write: writePeriod,
    reset: ({ parameters }) => ({ parameters: { ...parameters, periodSeconds: 0, oldNames: without(parameters, 'period') } }),
  },
  {
    path: 'policies',
    fields: { policies: 'list', token_policies: 'list' },
    read: ({ parameters: { policies, oldNames } }) =>
      withOld('policies', policies, oldNames.has('policies') && policies.length > 0),
    write: writePolicies,
    reset: ({ parameters }) => ({ parameters: { ...parameters, policies: [], oldNames: without(parameters, 'policies') } }),
  },
  {
    path: 'bind-secret-id',
    fields: { bind_secret_id: 'boolean' },
    read: (role) => ({ data: { bind_secret_id: role.bindSecretId } }),
    write: (fields) => ({ bindSecretId: fields.boolean('bind_secret_id') ?? missing('bind_secret_id') }),
    reset: () => ({ bindSecretId: true }),
  },
  {
    path: 'secret-id-bound-cidrs',
    fields: { secret_id_bound_cidrs: 'list' },
    read: (role) => ({ data: { secret_id_bound_cidrs: role.secretIdBoundCidrs } }),
    write: (fields) => writeCidrs(fields.list('secret_id_bound_cidrs')),
    reset: () => ({ secretIdBoundCidrs: null }),
  },
  {
    // Vault writes it into the field above, and reads and resets one that nothing fills any more.
    path: 'bound-cidr-list',
    fields: { bound_cidr_list: 'list' },
    read: () => ({ data: { bound_cidr_list: null }, warnings: [DEPRECATED_LIST] }),
    write: (fields) => writeCidrs(fields.list('bound_cidr_list')),
    reset: () => ({}),
  },
  {
    path: 'token-bound-cidrs',
    fields: { token_bound_cidrs: 'list' },
    read: ({ parameters: { boundCidrs } }) => ({ data: { token_bound_cidrs: boundCidrs.length === 0 ? null : boundCidrs } }),
    write: (fields, { parameters }) => {
      const texts = fields.list('token_bound_cidrs')
      return texts === undefined
        ? {}
        : { parameters: { ...parameters, boundCidrs: readBoundCidrs(texts, 'failed to parse token_bound_cidrs: ') } }
    },
    reset: ({ parameters }) => ({ parameters: { ...parameters, boundCidrs: [] } }),
  },
  {
    path: 'local-secret-ids',
    fields: {},
    read: (role) => ({ data: { local_secret_ids: role.localSecretIds } }),
  },
  {
    path: 'role-id',
    fields: { role_id: 'string' },
    read: (role) => ({ data: { role_id: role.roleId } }),
    write: (fields) => ({ roleId: fields.string('role_id') || missing('role_id') }),
  },
]

/** The paths below a role that read, write and reset one of its fields. */
export function singleFieldRoutes(appRoles: AppRoles, mount: MountReference): Route[] {
  return FIELDS.map((field) => routeOf(field, appRoles, mount))
}

function routeOf({ path, fields, read, write, reset }: SingleField, appRoles: AppRoles, mount: MountReference): Route {
  const role = ({ params }: VaultRequest): AppRole | undefined => appRoles.get(params[0]!)
  const change = (found: AppRole, changes: RoleChange): void => void appRoles.set(found.name, changes)
  return {
    pattern: new RegExp(`^role/${NAME}/${path}$`),
    fields,
    read: (request) => {
      const found = role(request)
      return found && read(found)
    },
    ...(write && {
      update: (request) => {
        const found = role(request)
        if (found === undefined) throw new VaultError(404, multiError('unsupported path'))
        change(found, write(request.fields, found, mount))
      },
    }),
    ...(reset && {
      delete: (request) => {
        const found = role(request)
        if (found !== undefined) change(found, reset(found))
      },
    }),
  }
}

function writePeriod(fields: Fields, { parameters }: AppRole, mount: MountReference): RoleChange {
  const byNewName = fields.seconds('token_period')
  const periodSeconds = byNewName ?? fields.seconds('period') ?? missing('period')
  const oldNames = without(parameters, 'period')
  if (byNewName === undefined) oldNames.add('period')
  const { maxSeconds } = mount.limits()
  if (byNewName === undefined && periodSeconds > maxSeconds) {
    const period = goDuration(periodSeconds)
    const text = `period of "${period}" is greater than the backend's maximum lease TTL of "${goDuration(maxSeconds)}"`
    throw new VaultError(400, text)
  }
  return { parameters: { ...parameters, periodSeconds, oldNames } }
}

function writePolicies(fields: Fields, { parameters }: AppRole): RoleChange {
  const byNewName = fields.list('token_policies')
  const policies = tidyPolicies(byNewName ?? fields.list('policies') ?? missing('token_policies'))
  const oldNames = without(parameters, 'policies')
  if (byNewName === undefined) oldNames.add('policies')
  return { parameters: { ...parameters, policies, oldNames } }
}

function writeCidrs(cidrs: readonly string[] | undefined): RoleChange {
  if (cidrs === undefined) return {}
  if (cidrs.length === 0) return missing('bound_cidr_list')
  const wrong = firstThatIsNoBlock(cidrs)
  if (wrong !== undefined) throw new VaultError(400, `failed to validate CIDR blocks: invalid CIDR address: ${wrong}`)
  return { secretIdBoundCidrs: cidrs }
}

function withOld(name: string, value: unknown, isShown: boolean): Reply {
  return { data: { [`token_${name}`]: value, ...(isShown ? { [name]: value } : {}) } }
}

function without({ oldNames }: TokenParameters, name: string): Set<string> {
  return new Set([...oldNames].filter((other) => other !== name))
}

function missing(name: string): never {
  throw new VaultError(400, `missing ${name}`)
}
