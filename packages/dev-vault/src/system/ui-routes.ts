import { describeForUi } from './mount-descriptions'
import type { Mount, Mounts } from './mounts'
import type { Policies } from '../policies/policies'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import { authenticate } from '../http/authenticate'
import type { Token, Tokens } from '../tokens/tokens'

/** `sys/internal/ui/…`, which Vault's command line asks before `vault kv`. */
export function uiRoutes(mounts: Mounts, policies: Policies, tokens: Tokens): Route[] {
  return [
    {
      pattern: /^internal\/ui\/mounts$/,
      open: true,
      fields: {},
      read: (request) => listMounts(mounts, policies, tokens, request),
    },
    {
      pattern: /^internal\/ui\/mounts\/(?<path>.+)$/,
      open: true,
      fields: { path: 'string' },
      read: (request) => oneMount(mounts, policies, tokens, request),
    },
    {
      pattern: /^internal\/ui\/resultant-acl$/,
      fields: {},
      read: ({ token }) => ({ data: { chroot_namespace: '', root: token?.policies.includes('root') ?? false } }),
    },
  ]
}

/** Without a token only what was made visible to all. */
function listMounts(mounts: Mounts, policies: Policies, tokens: Tokens, { token, tokenId }: VaultRequest): Reply {
  if (tokenId !== '') authenticate(tokens, tokenId)
  const shown = mounts.all().filter((mount) => mount.settings.listingVisibility === 'unauth' || isSeen(policies, token, mount))
  const describe = (mount: Mount): unknown => {
    if (token !== undefined) return describeForUi(mount)
    return { description: mount.settings.description, options: mount.settings.options, type: mount.backend.type }
  }
  const part = (isAuth: boolean): object =>
    Object.fromEntries(
      shown
        .filter((mount) => mount.path.startsWith('auth/') === isAuth)
        .map((mount) => [mount.path.replace(/^auth\//, ''), describe(mount)]),
    )
  return { data: { auth: part(true), secret: part(false) } }
}

function oneMount(mounts: Mounts, policies: Policies, tokens: Tokens, request: VaultRequest): Reply {
  if (request.token === undefined) authenticate(tokens, request.tokenId)
  const path = request.params[0]!
  const mount = mounts.find(path.endsWith('/') ? path : `${path}/`)
  if (mount === undefined || !isSeen(policies, request.token, mount)) {
    const text = `preflight capability check returned 403, please ensure client's policies grant access to path "${path.replace(/\/?$/, '/')}"`
    throw new VaultError(403, text)
  }
  return { data: { ...describeForUi(mount), path: mount.path.replace(/^auth\//, '') } }
}

/** Who may do anything below a mount may know of it. */
function isSeen(policies: Policies, token: Token | undefined, mount: Mount): boolean {
  return token !== undefined && policies.reaches(token, mount.path)
}
