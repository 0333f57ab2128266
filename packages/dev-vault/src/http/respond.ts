import { randomUUID } from 'node:crypto'

/** An answer that is not a success: becomes `{"errors": [...]}` with `status`. */
export class VaultError extends Error {
  readonly status: number
  readonly errors: readonly string[]

  constructor(status: number, ...errors: string[]) {
    super(errors[0] ?? `status ${status}`)
    this.name = 'VaultError'
    this.status = status
    this.errors = errors
  }
}

/** The text of a Go multierror; Vault's core wraps the errors of its backends so. */
export function multiError(first: string, ...others: string[]): string {
  const texts = [first, ...others]
  const head = texts.length === 1 ? '1 error occurred:' : `${texts.length} errors occurred:`
  return `${head}\n${texts.map((text) => `\t* ${text}\n`).join('')}\n`
}

/** The `auth` object of a login, of a new token and of a renewed one. */
export interface AuthReply {
  readonly client_token: string
  readonly accessor: string
  readonly policies: readonly string[]
  /** Absent if there are none. */
  readonly token_policies?: readonly string[]
  readonly metadata: Readonly<Record<string, string>> | null
  readonly lease_duration: number
  readonly renewable: boolean
  readonly entity_id: string
  readonly token_type: 'service' | 'batch'
  readonly orphan: boolean
  readonly mfa_requirement: null
  readonly num_uses: number
}

/** What a handler answers. Nothing at all becomes 204, or 404 for reads and lists; `status` without data
 * and warnings is an answer without a body. */
export interface Reply {
  readonly status?: number
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly auth?: AuthReply
  readonly lease?: { readonly id: string; readonly renewable: boolean; readonly seconds: number }
  readonly warnings?: readonly string[]
  /** Repeats the keys of `data` beside the envelope, as some routes below `sys/` do. */
  readonly dataAtTopLevel?: boolean
  /** Logins answer without a mount type. */
  readonly withoutMountType?: boolean
  /** Text to send as it is in place of an envelope. */
  readonly raw?: string
  /** Wraps this answer even if the client did not ask for it, under the path of an earlier wrapping. */
  readonly wrap?: { readonly seconds: number; readonly path: string }
}

/** A finished answer: status and, unless there is none, JSON text. */
export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is told about a wrapped answer in place of it. */
export interface WrapInfo {
  readonly token: string
  readonly accessor: string
  readonly ttl: number
  readonly creation_time: string
  readonly creation_path: string
  readonly wrapped_accessor?: string
}

/** `{"errors": [...]}`. */
export function errorAnswer(status: number, errors: readonly string[]): Answer {
  return { status, body: `${JSON.stringify({ errors })}\n` }
}

/** Plain JSON without an envelope. */
export function jsonAnswer(status: number, body: object): Answer {
  return { status, body: `${JSON.stringify(body)}\n` }
}

/** Sends the client to another url with the same method and body. */
export function redirectAnswer(location: string): Answer {
  return { status: 307, headers: { Location: location } }
}

/** The same with the link in the body, as Go's router answers reads. */
export function linkedRedirect(location: string): Answer {
  const text = location.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&#34;')
  const body = `<a href="${text}">Temporary Redirect</a>.\n\n`
  return { status: 307, body, headers: { Location: location, 'Content-Type': 'text/html; charset=utf-8' } }
}

/** Puts a reply into Vault's envelope; all of its keys are always there. */
export function envelope(reply: Reply, mountType: string): string {
  if (reply.raw !== undefined) return reply.raw
  return JSON.stringify({
    request_id: randomUUID(),
    lease_id: reply.lease?.id ?? '',
    renewable: reply.lease?.renewable ?? false,
    lease_duration: reply.lease?.seconds ?? 0,
    data: reply.data ?? null,
    wrap_info: null,
    warnings: reply.warnings?.length ? reply.warnings : null,
    auth: reply.auth ?? null,
    mount_type: reply.withoutMountType ? '' : mountType,
  })
}

/** The {@link envelope}; `''` for a reply that is nothing but a status. */
export function bodyOf(reply: Reply, mountType: string): string {
  const { status, raw, data, warnings = [] } = reply
  const isBare = status !== undefined && raw === undefined && data === undefined && warnings.length === 0
  return isBare ? '' : envelope(reply, mountType)
}

/** The answer to the client, with the data beside the envelope where the route wants that. */
export function envelopeAnswer(reply: Reply, mountType: string): Answer {
  const { status = 200 } = reply
  const text = bodyOf(reply, mountType)
  if (text === '') return { status }
  const hasMore = reply.dataAtTopLevel && Object.keys(reply.data ?? {}).length > 0
  return { status, body: hasMore ? `${JSON.stringify(reply.data).slice(0, -1)},${text.slice(1)}\n` : `${text}\n` }
}

/** The envelope around what is left of a wrapped answer. */
export function wrappedAnswer(wrapInfo: WrapInfo): Answer {
  return jsonAnswer(200, {
    request_id: '',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: wrapInfo,
    warnings: null,
    auth: null,
    mount_type: '',
  })
}
