import type { AppRole, AppRoles } from './app-role'
import { logInToAppRole } from './app-role-login'
import { singleFieldRoutes } from './app-role-fields'
import { secretIdRoutes } from './app-role-secret-ids'
import { firstThatIsNoBlock } from './cidr'
import { Lockout } from './lockout'
import { listRoute, type LoginContext, loginRoute, warned } from './login'
import { describeOldNames, oldFields, readOldNames } from './old-names'
import {
  describeTokenParameters,
  NO_TOKEN_PARAMETERS,
  readTokenParameters,
  TOKEN_FIELDS,
  type TokenParameters,
} from './token-parameters'
import { goDuration } from '../durations'
import type { FieldSchema, Fields } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route } from '../http/route'

const ROLE_FIELDS: FieldSchema = {
  ...TOKEN_FIELDS,
  ...oldFields(['policies', 'period']),
  role_id: 'string',
  bind_secret_id: 'boolean',
  bound_cidr_list: 'list',
  secret_id_bound_cidrs: 'list',
  secret_id_num_uses: 'integer',
  secret_id_ttl: 'seconds',
  local_secret_ids: 'boolean',
}

/** The routes of an AppRole mount, `login` among them. */
export function appRoleRoutes(appRoles: AppRoles, context: LoginContext): Route[] {
  const lockout = new Lockout(context.time, context.mount.lockout)
  const noAlias = (fields: Fields): void => {
    if (lockout.isDisabled || (fields.string('role_id') ?? '') !== '') return
    throw new VaultError(500, 'failed to determine alias name from login request')
  }
  return [
    {
      ...loginRoute({
        pattern: /^login$/,
        fields: { role_id: 'string', secret_id: 'string' },
        update: (request) => logInToAppRole(appRoles, lockout, context, request),
      }),
      unsupported: noAlias,
    },
    listRoute('role', () => appRoles.names()),
    {
      pattern: new RegExp(`^role/${NAME}$`),
      fields: ROLE_FIELDS,
      exists: ([name]) => appRoles.get(name!) !== undefined,
      read: ({ params }) => describeRole(appRoles.get(params[0]!)),
      update: ({ params, fields }) => writeRole(appRoles, context, params[0]!, fields),
      delete: ({ params }) => appRoles.delete(params[0]!),
    },
    ...singleFieldRoutes(appRoles, context.mount),
    ...secretIdRoutes(appRoles),
    {
      pattern: /^tidy\/secret-id$/,
      fields: {},
      update: () => ({ status: 202, warnings: [TIDY_STARTED], withoutMountType: true }),
    },
  ]
}

const TIDY_STARTED =
  "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."

function writeRole(appRoles: AppRoles, { mount }: LoginContext, name: string, fields: Fields): Reply | undefined {
  const before = appRoles.get(name)
  // Vault's handler fails here, and its connection with it.
  if (fields.any('token_type') === null) throw new VaultError(400, 'token_type must be a string')
  const usualType = /^default-(service|batch)$/.exec(fields.string('token_type') ?? '')?.[1]
  const usable = usualType === undefined ? fields : fields.with({ token_type: usualType })
  const fresh = readTokenParameters(usable, before?.parameters ?? NO_TOKEN_PARAMETERS)
  if (before !== undefined && fields.boolean('local_secret_ids') !== undefined) {
    throw new VaultError(400, 'local_secret_ids can only be modified during role creation')
  }
  const own = readOwnFields(fields)
  const parameters = readOldNames(fields, ['policies', 'period'], fresh)
  const { maxSeconds } = mount.limits()
  refuseLongPeriod(parameters, maxSeconds)
  appRoles.set(name, { ...own, parameters })
  return warned([
    ...(usualType === undefined ? [] : [`default-${usualType} has no useful meaning; adjusting to ${usualType}`]),
    ...(parameters.maxTtlSeconds > maxSeconds ? [MAX_TTL_TRUNCATED] : []),
  ])
}

const MAX_TTL_TRUNCATED =
  "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"

function readOwnFields(fields: Fields): Partial<AppRole> {
  const roleId = fields.string('role_id')
  const numUses = fields.integer('secret_id_num_uses')
  const ttlSeconds = fields.seconds('secret_id_ttl')
  const bind = fields.boolean('bind_secret_id')
  const cidrs = fields.list('secret_id_bound_cidrs') ?? fields.list('bound_cidr_list')
  if (roleId === '') throw new VaultError(400, 'invalid role_id supplied, or failed to generate a role_id')
  const wrong = firstThatIsNoBlock(cidrs ?? [])
  if (wrong !== undefined) throw new Error(`failed to validate CIDR blocks: invalid CIDR address: ${wrong}`)
  if ((numUses ?? 0) < 0) throw new VaultError(400, 'secret_id_num_uses cannot be negative')
  return {
    ...(roleId === undefined ? {} : { roleId }),
    ...(bind === undefined ? {} : { bindSecretId: bind }),
    ...(cidrs === undefined ? {} : { secretIdBoundCidrs: cidrs }),
    ...(numUses === undefined ? {} : { secretIdNumUses: numUses }),
    ...(ttlSeconds === undefined ? {} : { secretIdTtlSeconds: ttlSeconds }),
    ...(fields.boolean('local_secret_ids') ? { localSecretIds: true } : {}),
  }
}

/** Vault compares only a period that was written by its old name. */
function refuseLongPeriod({ periodSeconds, oldNames }: TokenParameters, maxSeconds: number): void {
  if (!oldNames.has('period') || periodSeconds <= maxSeconds) return
  const text = `period of "${goDuration(periodSeconds)}" is greater than the backend's maximum lease TTL of "${goDuration(maxSeconds)}"`
  throw new VaultError(400, text)
}

function describeRole(role: AppRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  return {
    data: {
      ...describeTokenParameters(role.parameters),
      ...describeOldNames(role.parameters),
      bind_secret_id: role.bindSecretId,
      local_secret_ids: role.localSecretIds,
      secret_id_bound_cidrs: role.secretIdBoundCidrs,
      secret_id_num_uses: role.secretIdNumUses,
      secret_id_ttl: role.secretIdTtlSeconds,
    },
  }
}
