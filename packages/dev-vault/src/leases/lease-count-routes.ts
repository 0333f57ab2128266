import type { FieldSchema } from '../http/fields'
import type { Leases } from './leases'
import type { Mounts } from '../system/mounts'
import { multiError, type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'

const FIELDS: FieldSchema = { type: 'string', include_child_namespaces: 'boolean', limit: 'string', force: 'boolean' }

/** `sys/leases` and `sys/leases/count`: the leases that could not be revoked, the only type that Vault tells of. */
export function leaseCountRoutes({ leases, mounts }: { readonly leases: Leases; readonly mounts: Mounts }): Route[] {
  return [
    { pattern: /^leases$/, fields: FIELDS, read: (request) => irrevocable(leases, request) },
    { pattern: /^leases\/count$/, fields: FIELDS, read: (request) => count(leases, mounts, request) },
  ]
}

function irrevocable(leases: Leases, request: VaultRequest): Reply | undefined {
  if (request.fields.string('type') !== 'irrevocable') return undefined
  const limit = request.fields.string('limit') ?? ''
  if (limit !== '' && limit !== 'none' && !/^-?\d+$/.test(limit))
    throw new VaultError(
      500,
      multiError(`invalid 'limit' provided: strconv.Atoi: parsing "${limit.slice(0, 40)}": invalid syntax`),
    )
  const found = leases.all().filter((lease) => leases.isIrrevocable(lease))
  const shown = /^[1-9]\d*$/.test(limit) ? found.slice(0, Number(limit)) : found
  const described = shown.map(({ id, lastError }) => ({ lease_id: id, error: lastError }))
  return { data: { lease_count: found.length, leases: described } }
}

/** By the accessor of the mount that they came from. */
function count(leases: Leases, mounts: Mounts, request: VaultRequest): Reply | undefined {
  if (request.fields.string('type') !== 'irrevocable') return undefined
  const counts = new Map<string, number>()
  for (const lease of leases.all().filter((one) => leases.isIrrevocable(one))) {
    const mount = mounts.find(lease.id)?.accessor ?? ''
    counts.set(mount, (counts.get(mount) ?? 0) + 1)
  }
  return { data: { counts: Object.fromEntries(counts), lease_count: [...counts.values()].reduce((sum, one) => sum + one, 0) } }
}
