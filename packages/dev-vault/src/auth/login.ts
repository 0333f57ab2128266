import type { MountReference } from '../system/mounts'
import type { Reply } from '../http/respond'
import { type Route, type VaultRequest } from '../http/route'
import type { Time } from '../time'
import { authReply } from '../tokens/token-routes'
import type { Tokens } from '../tokens/tokens'
import type { Entities } from './entities'
import { limitsOf, type TokenParameters } from './token-parameters'

/** What a login method works on. */
export interface LoginContext {
  readonly tokens: Tokens
  readonly entities: Entities
  readonly time: Time
  readonly mount: MountReference
}

/** Who has proved to be who. */
export interface Identity {
  /** Names the entity within the mount. */
  readonly alias: string
  /** Goes after the name of the mount into the token's display name, and with it into database user names. */
  readonly displayName?: string
  readonly meta: Readonly<Record<string, string>>
  readonly parameters: TokenParameters
  /** What the role says at a renewal. Throws what stops it. */
  readonly renewal: (tokenPolicies: readonly string[]) => TokenParameters
}

/** The token for somebody who logged in: an orphan with the role's parameters. */
export function grantLogin({ tokens, entities, mount }: LoginContext, path: string, identity: Identity): Reply {
  const { parameters, alias } = identity
  const policies = policiesOf(parameters)
  const { token, warnings } = tokens.create({
    policies,
    displayName: [mountName(mount), identity.displayName].filter((part) => part !== undefined).join('-'),
    meta: identity.meta,
    path,
    type: parameters.type === 'batch' ? 'batch' : 'service',
    numUses: parameters.numUses,
    entityId: entities.idOf(mount.path(), alias),
    boundCidrs: parameters.boundCidrs,
    // A later change of the role's explicit maximum does not reach tokens that are there.
    limits: () => ({ ...limitsOf(identity.renewal(policies)), explicitMaxSeconds: parameters.explicitMaxTtlSeconds }),
    mountLimits: mount.limits,
  })
  return { auth: authReply(token, token.creationSeconds), warnings, withoutMountType: true }
}

/** A login route: it needs no token. */
export function loginRoute(route: Pick<Route, 'pattern' | 'fields' | 'update'>): Route {
  return { open: true, ...route }
}

/** A route that lists names, sorted; an empty list is 404. */
export function listRoute(folder: string, names: (request: VaultRequest) => Iterable<string>): Route {
  const list = (request: VaultRequest): Reply => ({ data: { keys: [...names(request)].sort() } })
  return { pattern: new RegExp(`^${folder}/?$`), fields: {}, list }
}

/** 204, or 200 if there is something to say. */
export function warned(warnings: readonly string[]): Reply | undefined {
  return warnings.length === 0 ? undefined : { warnings }
}

function policiesOf({ policies, noDefaultPolicy }: TokenParameters): string[] {
  const names = policies.map((name) => name.toLowerCase())
  return [...new Set([...names, ...(noDefaultPolicy ? [] : ['default'])])].sort()
}

function mountName(mount: MountReference): string {
  return mount
    .path()
    .replace(/^auth\//, '')
    .replace(/\/$/, '')
    .replaceAll('/', '-')
}
