import type { AppRole, AppRoles, SecretId } from './app-role'
import type { Fields } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import type { VaultRequest } from '../http/route'
import { blocksCover, blocksHold, SOURCE_ADDRESS } from './cidr'
import type { Lockout } from './lockout'
import { grantLogin, type LoginContext } from './login'

/** `auth/approle/login`. Throws 400 for wrong ids and addresses, 403 while the role id is locked out. */
export function logInToAppRole(appRoles: AppRoles, lockout: Lockout, context: LoginContext, request: VaultRequest): Reply {
  const { fields, path } = request
  const roleId = trimmed(fields, 'role_id')
  if (roleId === '') {
    if (lockout.isDisabled) throw new VaultError(400, 'invalid credentials')
    throw new VaultError(500, 'failed to determine alias name from login request')
  }
  lockout.check(roleId)
  const role = appRoles.withRoleId(roleId)
  if (role === undefined) throw new VaultError(400, 'invalid role or secret ID')
  const secret = role.bindSecretId ? checkedSecret(appRoles, lockout, role, trimmed(fields, 'secret_id')) : undefined
  if (role.secretIdBoundCidrs?.length) checkSource(role.secretIdBoundCidrs, 'by CIDR restrictions on the role: %!w(<nil>)')
  lockout.succeeded(roleId)
  const { parameters } = role
  return grantLogin(context, path, {
    alias: roleId,
    meta: { ...secret?.meta, role_name: role.name },
    parameters: secret?.tokenCidrs.length ? { ...parameters, boundCidrs: secret.tokenCidrs } : parameters,
    renewal: () => {
      const now = appRoles.get(role.name)
      if (now === undefined) throw new Error(`role "${role.name}" does not exist during renewal`)
      return now.parameters
    },
  })
}

/** Throws what `fail` makes of the text if the role's blocks do not cover those of the secret id. Its text is Go's, slip of the pen included. */
export function checkSubset(outer: readonly string[], cidrs: readonly string[], fail: (text: string) => Error): void {
  if (outer.length === 0 || blocksCover(outer, cidrs)) return
  const quoted = (blocks: readonly string[]): string =>
    `[${blocks.map((block) => `"${block.includes('/') ? block : `${block}/32`}"`).join(' ')}]`
  const blocks = `CIDR blocks on the role ${quoted(outer)} and CIDR blocks on the secret ID ${quoted(cidrs)}`
  throw fail(`failed to verify subset relationship between ${blocks}: %!w(<nil>)`)
}

function checkedSecret(appRoles: AppRoles, lockout: Lockout, role: AppRole, id: string): SecretId {
  if (id === '') throw new VaultError(400, 'missing secret_id')
  const secret = appRoles.findSecretId(role, id)
  if (secret === undefined) {
    lockout.failed(role.roleId)
    throw new VaultError(400, 'invalid role or secret ID')
  }
  appRoles.use(role, secret)
  checkSubset(role.secretIdBoundCidrs ?? [], secret.cidrs, (text) => new VaultError(500, text))
  const how =
    secret.numUses === 0 ? 'through CIDR restrictions on the secret ID' : 'by CIDR restrictions on the secret ID: %!w(<nil>)'
  if (secret.cidrs.length > 0) checkSource(secret.cidrs, how)
  return secret
}

function checkSource(blocks: readonly string[], how: string): void {
  if (!blocksHold(blocks, SOURCE_ADDRESS)) throw new VaultError(400, `source address "${SOURCE_ADDRESS}" unauthorized ${how}`)
}

function trimmed(fields: Fields, name: string): string {
  return (fields.string(name) ?? '').trim()
}
