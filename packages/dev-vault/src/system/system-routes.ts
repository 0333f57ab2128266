import { type MountContext, mountRoutes } from './mount-routes'
import { catalogRoutes } from './catalog-routes'
import { moveRoutes } from './move-routes'
import type { Policies } from '../policies/policies'
import { policyRoutes } from '../policies/policy-routes'
import { VaultError } from '../http/respond'
import type { Route } from '../http/route'
import { rfc3339, type Time } from '../time'
import { uiRoutes } from './ui-routes'
import { wrappingRoutes } from '../tokens/wrapping-routes'

/** What the routes of `sys/` that configure things work on. */
export interface SystemContext extends MountContext {
  readonly policies: Policies
  readonly time: Time
}

/** Mounts, login methods, policies, capabilities, wrapping and what else tools ask for. */
export function systemRoutes(context: SystemContext): Route[] {
  const { mounts, policies, tokens, time } = context
  const startedMs = time.nowMs()
  return [
    ...mountRoutes(context),
    ...policyRoutes(policies, tokens),
    ...wrappingRoutes(tokens),
    ...uiRoutes(mounts, policies, tokens),
    {
      pattern: /^key-status$/,
      fields: {},
      read: () => ({ data: { encryptions: 1, install_time: rfc3339(startedMs), term: 1 }, dataAtTopLevel: true }),
    },
    ...moveRoutes(context),
    ...catalogRoutes(),
    { pattern: /^replication\/status$/, open: true, fields: {}, read: () => ({ data: { mode: 'disabled' } }) },
    ...ENTERPRISE_ROUTES,
  ]
}

const enterpriseOnly = (): never => {
  throw new VaultError(404, 'enterprise-only feature')
}

/** What Vault's community edition knows and refuses. */
const ENTERPRISE_ROUTES: Route[] = [
  { pattern: /^(?:namespaces|policies\/[er]gp)\/?$/, list: enterpriseOnly },
  {
    pattern: /^(?:namespaces|policies\/[er]gp)\/(.*[^/])\/?$/,
    read: enterpriseOnly,
    update: enterpriseOnly,
    patch: enterpriseOnly,
    delete: enterpriseOnly,
  },
  { pattern: /^license\/status$/, read: enterpriseOnly },
  { pattern: /^sealwrap\/rewrap$/, read: enterpriseOnly, update: enterpriseOnly },
]
