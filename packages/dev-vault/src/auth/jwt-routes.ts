import { textOf } from '../errors'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import { blocksHold, SOURCE_ADDRESS } from './cidr'
import { checkBoundClaims, type JwtConfig, type JwtLogins, type JwtRole, userOf } from './jwt'
import { jwtConfigRoute } from './jwt-config'
import { jwtRoleRoute } from './jwt-role'
import { grantLogin, listRoute, type LoginContext, loginRoute } from './login'
import { type Claims, SignedTokenError, verifiedClaims } from './signed-token'

/** The routes of a JWT mount. */
export function jwtRoutes(logins: JwtLogins, context: LoginContext): Route[] {
  return [
    loginRoute({
      pattern: /^login$/,
      fields: { role: 'string', jwt: 'string', distributed_claim_access_token: 'string' },
      update: (request) => login(logins, context, request),
    }),
    jwtConfigRoute(logins),
    listRoute('role', () => logins.roles.keys()),
    jwtRoleRoute(logins, context.mount),
  ]
}

async function login(logins: JwtLogins, context: LoginContext, { fields, path }: VaultRequest): Promise<Reply> {
  const config = logins.config ?? fail('could not load configuration')
  const roleName = fields.string('role')?.toLowerCase() || config.defaultRole || fail('missing role')
  const find = (): JwtRole | undefined => logins.roles.get(roleName)
  const role = find() ?? fail(`role "${roleName}" could not be found`)
  if (role.type === 'oidc') fail('role with oidc role_type is not allowed')
  const token = fields.string('jwt') || fail('missing token')
  const { parameters } = role
  const isElsewhere = parameters.boundCidrs.length > 0 && !blocksHold(parameters.boundCidrs, SOURCE_ADDRESS)
  if (isElsewhere) throw new VaultError(403, 'permission denied')
  const claims = await claimsOf(token, config, role, context.time.nowMs())
  const user = refusing('', () => userOf(claims, role))
  refusing('error validating claims: ', () => checkBoundClaims(claims, role))
  return grantLogin(context, path, {
    alias: user.name,
    displayName: user.name,
    meta: { ...user.meta, role: roleName },
    parameters,
    renewal: () => {
      const now = find()
      if (now === undefined) throw new Error(`role ${roleName} does not exist during renewal`)
      return now.parameters
    },
  })
}

async function claimsOf(token: string, config: JwtConfig, role: JwtRole, nowMs: number): Promise<Claims> {
  const { expirationLeeway, notBeforeLeeway, clockSkewLeeway, boundSubject: subject } = role
  const expected = {
    ...{ expirationLeeway, notBeforeLeeway, clockSkewLeeway, subject },
    issuer: config.boundIssuer,
    audiences: role.boundAudiences ?? [],
    algorithms: config.supportedAlgorithms,
  }
  const claims = await verifiedClaims(token, config.keys, expected, nowMs).catch((error: unknown) => {
    if (!(error instanceof SignedTokenError)) throw error
    return fail(`error validating token: ${error.message}`)
  })
  const hasAudience = [claims['aud'] ?? []].flat().some((audience) => audience !== '')
  if (hasAudience && !role.boundAudiences?.length) fail('audience claim found in JWT but no audiences bound to the role')
  return claims
}

function refusing<T>(prefix: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    return fail(`${prefix}${textOf(error)}`)
  }
}

function fail(why: string): never {
  throw new VaultError(400, why)
}
