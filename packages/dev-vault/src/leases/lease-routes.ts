import { leaseCountRoutes } from './lease-count-routes'
import type { Lease, Leases } from './leases'
import type { Mounts } from '../system/mounts'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import { rfc3339, type Time } from '../time'
import { TIDY } from '../tokens/token-routes'
import type { Tokens } from '../tokens/tokens'

/** What the lease routes work on. */
export interface LeaseContext {
  readonly leases: Leases
  readonly tokens: Tokens
  readonly mounts: Mounts
  readonly time: Time
}

/** Anything that has a lease id: a leased secret or a token. */
interface Entry {
  readonly id: string
  readonly revoke: () => Promise<void>
  readonly end: () => void
  readonly force: () => Promise<void>
}

/** The routes below `sys/leases/`, and their old forms directly below `sys/`, which Vault still serves. */
export function leaseRoutes(context: LeaseContext): Route[] {
  return [
    {
      pattern: /^(?:leases\/)?renew(?:\/(?<url_lease_id>.+))?$/,
      fields: { lease_id: 'string', increment: 'seconds', url_lease_id: 'string' },
      update: (request) => renew(context, request),
    },
    {
      pattern: /^(?:leases\/)?revoke(?:\/(?<url_lease_id>.+))?$/,
      fields: { lease_id: 'string', sync: 'boolean', url_lease_id: 'string' },
      update: (request) => revoke(context, request),
    },
    {
      pattern: /^(?:leases\/)?revoke-prefix\/(?<prefix>.+)$/,
      fields: { sync: 'boolean', prefix: 'string' },
      update: (request) => revokePrefix(context, request),
    },
    {
      pattern: /^(?:leases\/)?revoke-force\/(?<prefix>.+)$/,
      fields: { prefix: 'string' },
      update: (request) => revokeForce(context, request),
    },
    { pattern: /^leases\/lookup$/, fields: { lease_id: 'string' }, update: (request) => lookup(context, request) },
    {
      pattern: /^leases\/lookup\/(?<prefix>.*)$/,
      fields: { prefix: 'string' },
      list: (request) => list(context, request.params[0]!),
    },
    ...leaseCountRoutes(context),
    { pattern: /^leases\/tidy$/, fields: {}, update: () => ({ ...TIDY, withoutMountType: true, status: 202 }) },
  ]
}

async function renew({ leases }: LeaseContext, request: VaultRequest): Promise<Reply> {
  const { lease, granted } = await leases.renew(leaseId(request), request.fields.seconds('increment') ?? 0)
  return { lease: { id: lease.id, renewable: true, seconds: granted.seconds }, warnings: granted.warnings }
}

async function revoke(context: LeaseContext, request: VaultRequest): Promise<Reply | undefined> {
  const entry = findEntry(context, leaseId(request))
  const sync = isSync(request)
  if (sync) await entry?.revoke()
  else entry?.end()
  return sync ? undefined : { status: 202 }
}

async function revokePrefix(context: LeaseContext, request: VaultRequest): Promise<Reply | undefined> {
  const entries = entriesBelow(context, request.params[0]!)
  if (!isSync(request)) {
    for (const entry of entries) entry.end()
    return { status: 202 }
  }
  for (const [index, entry] of entries.entries()) {
    await entry.revoke().catch((error: unknown) => {
      throw new VaultError(400, `failed to revoke "${entry.id}" (${index + 1} / ${entries.length}): ${(error as Error).message}`)
    })
  }
  return undefined
}

async function revokeForce(context: LeaseContext, request: VaultRequest): Promise<void> {
  for (const entry of entriesBelow(context, request.params[0]!)) await entry.force()
}

function lookup(context: LeaseContext, request: VaultRequest): Reply {
  const id = request.fields.string('lease_id') ?? ''
  if (id === '') throw new VaultError(400, 'lease_id must be specified')
  const token = context.tokens.findByLeaseId(id)
  const lease = context.leases.get(id)
  if (token?.expiresMs !== undefined)
    return { data: describe(id, { ...token, expiresMs: token.expiresMs }, token.renewable, context.time) }
  if (lease === undefined) throw new VaultError(400, 'invalid lease')
  return { data: describe(id, lease, lease.expiresMs > context.time.nowMs(), context.time) }
}

function describe(
  id: string,
  times: Pick<Lease, 'issuedMs' | 'expiresMs' | 'lastRenewalMs'>,
  renewable: boolean,
  time: Time,
): Record<string, unknown> {
  return {
    id,
    issue_time: rfc3339(times.issuedMs),
    expire_time: rfc3339(times.expiresMs),
    last_renewal: times.lastRenewalMs === undefined ? null : rfc3339(times.lastRenewalMs),
    renewable,
    // Negative for a lease that has expired but could not be revoked, as in Vault.
    ttl: Math.trunc((times.expiresMs - Math.round(time.nowMs() / 1000) * 1000) / 1000),
  }
}

function list(context: LeaseContext, prefix: string): Reply {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  const rests = allIds(context).flatMap((id) => (id.startsWith(folder) ? [id.slice(folder.length)] : []))
  // Only the next level: `creds/` stands for everything below it.
  const keys = [...new Set(rests.map((rest) => /^[^/]*\/?/.exec(rest)![0]))].sort()
  return { data: { keys } }
}

function leaseId(request: VaultRequest): string {
  const { fields, params } = request
  const id = fields.string('lease_id') || params[0]!
  if (id === '') throw new VaultError(400, 'lease_id must be specified')
  return id
}

function isSync(request: VaultRequest): boolean {
  return request.fields.boolean('sync') ?? true
}

function allIds({ leases, tokens }: LeaseContext): string[] {
  return [...leases.all().map((lease) => lease.id), ...tokens.all().flatMap((token) => token.leaseId ?? [])]
}

/** A prefix without `/` at its end is tried as a full lease id first. */
function entriesBelow(context: LeaseContext, prefix: string): Entry[] {
  const exact = prefix.endsWith('/') ? undefined : findEntry(context, prefix)
  if (exact !== undefined) return [exact]
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`
  const ids = allIds(context).filter((id) => id.startsWith(folder))
  return ids.flatMap((id) => findEntry(context, id) ?? [])
}

function findEntry({ leases, tokens }: LeaseContext, id: string): Entry | undefined {
  const lease = leases.get(id)
  if (lease)
    return { id, revoke: () => leases.revoke(lease), end: () => leases.end(lease), force: () => leases.forceRevoke(lease) }
  const token = tokens.findByLeaseId(id)
  if (token === undefined) return undefined
  const end = (): void => tokens.end(token)
  return { id, end, revoke: async () => end(), force: async () => end() }
}
