import { authenticate } from './authenticate'
import { textOf } from '../errors'
import { cleanedUrl, type Incoming, parseUrl, type RawRequest, understand } from './incoming'
import type { Fields } from './fields'
import type { Mount } from '../system/mounts'
import {
  type Answer,
  bodyOf,
  envelopeAnswer,
  errorAnswer,
  linkedRedirect,
  multiError,
  redirectAnswer,
  type Reply,
  VaultError,
} from './respond'
import type { Route } from './route'
import { sealAnswer } from '../system/seal'
import type { Token } from '../tokens/tokens'
import type { Vault } from '../vault'
import { assertWrappingToken, isWrappingPath, wrap, wrapSeconds } from '../tokens/wrapping'

export type { RawRequest } from './incoming'

/** Answers one request as an active node does, in Vault's order: url, method, body, seal, token, policy, route. Never rejects. */
export async function answerRequest(vault: Vault, request: RawRequest): Promise<Answer> {
  const answer = await answerOrError(vault, request)
  const namespace = request.header('x-vault-namespace')
  if (namespace === undefined || namespace === '') return answer
  // There are no namespaces here, but the header comes back, as from Vault's community edition.
  return { ...answer, headers: { ...answer.headers, 'X-Vault-Namespace': namespace } }
}

async function answerOrError(vault: Vault, request: RawRequest): Promise<Answer> {
  try {
    return await dispatch(vault, request)
  } catch (error) {
    if (error instanceof VaultError) return errorAnswer(error.status, error.errors)
    return errorAnswer(500, [multiError(textOf(error))])
  }
}

async function dispatch(vault: Vault, request: RawRequest): Promise<Answer> {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const cleaned = cleanedUrl(request.url)
  if (cleaned !== undefined) return isRead ? linkedRedirect(cleaned) : redirectAnswer(cleaned)
  const { path } = parseUrl(request.url)
  const sealed = sealAnswer(vault, request, path)
  if (sealed !== undefined) return sealed
  const incoming = understand(request)
  const parsed = { ...request, ...incoming, wrapSeconds: wrapSeconds(request.header('x-vault-wrap-ttl')) }
  if (vault.isSealed) throw new VaultError(503, 'Vault is sealed')
  const writes = incoming.operation === 'update' || incoming.operation === 'patch'
  if (writes && path.endsWith('/')) throw new VaultError(400, "cannot write to a path ending in '/'")
  // Vault looks for what exists before it asks the policies, and completes the path on the way.
  return authorised(vault, writes ? { ...parsed, path: vault.mounts.completed(path) } : parsed)
}

interface ParsedRequest extends RawRequest, Incoming {
  readonly wrapSeconds: number
}

async function authorised(vault: Vault, request: ParsedRequest): Promise<Answer> {
  if (isWrappingPath(request.path)) assertWrappingToken(vault.tokens, request)
  if (isOpen(vault, request.path)) return finished(vault, request, await run(vault, request, vault.tokens.find(request.token)))
  const token = authenticate(vault.tokens, request.token)
  const isLastUse = vault.tokens.use(token)
  try {
    assertAllowed(vault, token, request)
    const outcome = await run(vault, request, token)
    // The lease dies with the token below, so its secret is of no use.
    if (isLastUse && (outcome.reply?.lease?.id ?? '') !== '') throw new VaultError(400, LAST_USE)
    return finished(vault, request, outcome)
  } finally {
    if (isLastUse) vault.tokens.end(token)
  }
}

const LAST_USE = 'Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.'

/** Below this, nothing needs a token, not even what is not there. */
const OPEN_FOLDER = 'sys/internal/ui/mounts/'

function isOpen(vault: Vault, path: string): boolean {
  if (path === OPEN_FOLDER) return true
  const mount = vault.mounts.find(path)
  return mount !== undefined && findRoute(mount, path)?.route.open === true
}

function assertAllowed(vault: Vault, token: Token, { operation, path, fields, wrapSeconds: seconds }: ParsedRequest): void {
  const mount = vault.mounts.find(path)
  const found = mount === undefined ? undefined : findRoute(mount, path)
  const creates = operation === 'update' && found?.route.exists !== undefined && isNew(found, fields, token)
  const isAllowed = vault.policies.allows(token, creates ? 'create' : operation, path, { fields, wrapSeconds: seconds })
  if (!isAllowed) throw new VaultError(403, multiError('permission denied'))
}

/** Vault reads the fields to know what exists, so it refuses them before it asks the policies. */
function isNew({ route, params, captured }: FoundRoute, fields: Fields, token: Token): boolean {
  fields.withCaptured(captured).fields.validateEarly(route.fields ?? {})
  return !route.exists!(params, token)
}

interface Outcome {
  readonly mount: Mount
  readonly reply: Reply | undefined
}

async function run(vault: Vault, request: ParsedRequest, token: Token | undefined): Promise<Outcome> {
  const { operation } = request
  const path = vault.mounts.completed(request.path)
  const mount = vault.mounts.find(path)
  if (mount === undefined) throw new VaultError(404, `no handler for route "${path}". route entry not found.`)
  const found = findRoute(mount, path)
  if (found === undefined) throw new VaultError(404, path === OPEN_FOLDER ? 'unsupported path' : multiError('unsupported path'))
  const { route, params, captured } = found
  const wrapped = (text: string): string => (route.open ? text : multiError(text))
  const handler = operation === 'header' || operation === 'none' ? undefined : route[operation]
  if (handler === undefined) route.unsupported?.(request.fields)
  if (handler === undefined) throw new VaultError(405, wrapped('unsupported operation'))
  const { fields, replaced } = request.fields.withCaptured(captured)
  fields.validate(route.fields ?? {})
  const { header, isGone, token: tokenId, wrapSeconds: seconds } = request
  const more = { header, isGone, tokenId, wrapSeconds: seconds }
  const reply = await handler({ path, mount: mount.path, params, fields, token, ...more })
  if (!reply) return { mount, reply: undefined }
  // An answer with a status of its own is written out before the fields are looked at.
  if (reply.status !== undefined) return { mount, reply }
  const ofFields = fieldWarnings(route.fields && fields.unknown(route.fields), replaced, captured)
  const warnings = [...(reply.warnings ?? []), ...ofFields]
  return { mount, reply: { ...reply, warnings, ...(route.open ? { withoutMountType: true } : {}) } }
}

function finished(vault: Vault, request: ParsedRequest, { mount, reply }: Outcome): Answer {
  const { operation, path } = request
  const isEmptyList = operation === 'list' && isEmpty(reply)
  if (isEmptyList && reply!.warnings?.length) {
    return finished(vault, request, { mount, reply: { ...reply, data: {} } })
  }
  if (!reply || isEmptyList) {
    if (isEmptyList && request.wrapSeconds > 0 && reply) throw new VaultError(404, 'unsupported path')
    return operation === 'read' || operation === 'list' ? errorAnswer(404, []) : { status: 204 }
  }
  const seconds = reply.wrap?.seconds ?? request.wrapSeconds
  if (seconds === 0) return envelopeAnswer(reply, mount.backend.type)
  return wrap(vault, {
    seconds: request.wrapSeconds > 0 ? Math.min(seconds, request.wrapSeconds) : seconds,
    path: reply.wrap?.path ?? path,
    body: bodyOf(reply, mount.backend.type),
    status: reply.status,
    accessor: reply.auth?.accessor ?? secretIdAccessor(reply, mount),
  })
}

function secretIdAccessor({ data }: Reply, { backend }: Mount): string | undefined {
  const accessor = data?.['secret_id_accessor']
  return backend.type === 'approle' && typeof accessor === 'string' ? accessor : undefined
}

function isEmpty(reply: Reply | undefined): boolean {
  const keys = reply?.data?.['keys']
  return Array.isArray(keys) && keys.length === 0
}

interface FoundRoute {
  readonly route: Route
  readonly params: string[]
  readonly captured: Record<string, string>
}

function findRoute(mount: Mount, path: string): FoundRoute | undefined {
  const rest = path.slice(mount.path.length)
  for (const route of mount.backend.routes) {
    const match = route.pattern.exec(rest)
    if (match === null) continue
    const params = match.slice(1).map((group: string | undefined) => group ?? '')
    const captured = Object.entries(match.groups ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return { route, params, captured: Object.fromEntries(captured) }
  }
  return undefined
}

/** Vault names the fields that an endpoint does not know and those that its path replaced, if it sends a body at all. */
function fieldWarnings(unknown: string[] = [], replaced: string[], captured: Record<string, string>): string[] {
  const ignored = unknown.filter((name) => !Object.hasOwn(captured, name))
  return [
    ...(ignored.length > 0 ? [`Endpoint ignored these unrecognized parameters: [${ignored.join(' ')}]`] : []),
    ...(replaced.length > 0 ? [`${REPLACED} [${replaced.join(' ')}]`] : []),
  ]
}

const REPLACED = "Endpoint replaced the value of these parameters with the values captured from the endpoint's path:"
