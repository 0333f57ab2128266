import type { Fields, FieldSchema } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'
import { blocksHold, SOURCE_ADDRESS } from './cidr'
import { Lockout } from './lockout'
import { grantLogin, listRoute, type LoginContext, loginRoute } from './login'
import { describeOldNames, oldFields, type OldName, readOldNames, tidyPolicies } from './old-names'
import { NothingToRenewError } from './renewal'
import {
  describeTokenParameters,
  NO_TOKEN_PARAMETERS,
  readTokenParameters,
  TOKEN_FIELDS,
  type TokenParameters,
} from './token-parameters'
import { passwordHashOf, type User, type Users } from './userpass'

const OLD_NAMES: readonly OldName[] = ['policies', 'ttl', 'max_ttl', 'bound_cidrs']
const PASSWORD_FIELDS: FieldSchema = { password: 'string', password_hash: 'string' }

/** The routes of a userpass mount. */
export function userpassRoutes(users: Users, context: LoginContext): Route[] {
  const lockout = new Lockout(context.time, context.mount.lockout)
  const below = (rest: string): RegExp => new RegExp(`^users/${NAME}${rest}$`)
  return [
    loginRoute({
      pattern: new RegExp(`^login/${NAME}$`),
      fields: { password: 'string' },
      update: (request) => login(users, lockout, context, request),
    }),
    // Vault takes any name here, wants to count its failures, and only then finds that no path of its has one like it.
    { ...loginRoute({ pattern: /^login\/.*$/, update: () => noAlias(lockout) }), unsupported: () => noAlias(lockout) },
    listRoute('users', () => users.names()),
    {
      pattern: below(''),
      fields: { ...TOKEN_FIELDS, ...oldFields(OLD_NAMES), ...PASSWORD_FIELDS },
      exists: ([name]) => users.get(name!) !== undefined,
      read: ({ params }) => describeUser(users.get(params[0]!)),
      update: ({ params, fields }) => writeUser(users, params[0]!, fields),
      delete: ({ params }) => users.delete(params[0]!),
    },
    {
      pattern: below('/password'),
      fields: PASSWORD_FIELDS,
      update: async ({ params, fields }) => {
        existing(users, params[0]!)
        users.set(params[0]!, { passwordHash: await passwordHashOf(text(fields, 'password'), text(fields, 'password_hash')) })
      },
    },
    {
      pattern: below('/policies'),
      fields: { policies: 'list', token_policies: 'list' },
      update: ({ params, fields }) => writePolicies(users, existing(users, params[0]!), fields),
    },
  ]
}

function noAlias(lockout: Lockout): never {
  if (lockout.isDisabled) fail(404, 'unsupported path')
  return fail(500, 'failed to determine alias name from login request')
}

async function login(users: Users, lockout: Lockout, context: LoginContext, request: VaultRequest): Promise<Reply> {
  const name = request.params[0]!.toLowerCase()
  lockout.check(name)
  const password = text(request.fields, 'password')
  const user = password === '' ? undefined : await users.verify(name, password)
  if (user === undefined) {
    if (users.get(name) !== undefined) lockout.failed(name)
    return fail(400, password === '' ? 'invalid credentials' : 'invalid username or password')
  }
  const { parameters } = user
  const isElsewhere = parameters.boundCidrs.length > 0 && !blocksHold(parameters.boundCidrs, SOURCE_ADDRESS)
  if (isElsewhere) fail(403, 'permission denied')
  lockout.succeeded(name)
  return grantLogin(context, request.path, {
    alias: name,
    displayName: name,
    meta: { username: name },
    parameters,
    renewal: (tokenPolicies) => renewable(users.get(name), tokenPolicies),
  })
}

/** What the user says by now. Throws if the user is gone or has other policies than the token. */
function renewable(user: User | undefined, tokenPolicies: readonly string[]): TokenParameters {
  if (user === undefined) throw new NothingToRenewError()
  const compared = (names: readonly string[]): string => tidyPolicies(names.filter((name) => name !== 'default')).join()
  if (compared(user.parameters.policies) !== compared(tokenPolicies)) throw new Error('policies have changed, not renewing')
  return user.parameters
}

async function writeUser(users: Users, name: string, fields: Fields): Promise<void> {
  const before = users.get(name)
  const password = text(fields, 'password')
  const given = text(fields, 'password_hash')
  const isKept = before !== undefined && password === '' && given === ''
  const fresh = readTokenParameters(fields, before?.parameters ?? NO_TOKEN_PARAMETERS)
  const parameters = readOldNames(fields, OLD_NAMES, fresh)
  users.set(name, { parameters, ...(isKept ? {} : { passwordHash: await passwordHashOf(password, given) }) })
}

function writePolicies(users: Users, { name, parameters }: User, fields: Fields): void {
  const byNewName = fields.list('token_policies')
  const sent = byNewName ?? fields.list('policies')
  if (sent === undefined) return
  const oldNames = new Set(parameters.oldNames)
  if (fields.list('policies') === undefined) oldNames.delete('policies')
  else oldNames.add('policies')
  users.set(name, { parameters: { ...parameters, policies: tidyPolicies(sent), oldNames } })
}

function describeUser(user: User | undefined): Reply | undefined {
  return user && { data: { ...describeTokenParameters(user.parameters), ...describeOldNames(user.parameters) } }
}

function existing(users: Users, name: string): User {
  const user = users.get(name)
  if (user === undefined) throw new Error('username does not exist')
  return user
}

function text(fields: Fields, name: string): string {
  return fields.string(name) ?? ''
}

function fail(status: number, why: string): never {
  throw new VaultError(status, why)
}
