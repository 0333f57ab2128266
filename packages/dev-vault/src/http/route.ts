import type { HeaderOf } from './exchange'
import type { Fields, FieldSchema } from './fields'
import { type Reply, VaultError } from './respond'
import type { Token } from '../tokens/tokens'

/** What a request wants; `POST` and `PUT` are both `update`. */
export type Operation = 'read' | 'list' | 'update' | 'patch' | 'delete'

/** One request that passed token and policy. */
export interface VaultRequest {
  /** Without `/v1/`, decoded. */
  readonly path: string
  /** The path of the mount that answers, with its trailing `/`. */
  readonly mount: string
  /** The groups of the route's pattern; `''` for a group that matched nothing. */
  readonly params: readonly string[]
  /** Body or query, with the named groups of the pattern over them. */
  readonly fields: Fields
  /** Absent on routes that need none, if none or a wrong one came. */
  readonly token: Token | undefined
  /** The text that came as the token; `''` for none. */
  readonly tokenId: string
  /** A header by its name in lower case. */
  readonly header: HeaderOf
  /** True once the client has hung up: nobody will read the answer. */
  readonly isGone: () => boolean
  /** Seconds for which the client wants the answer wrapped, from `X-Vault-Wrap-TTL`; 0 for not at all. */
  readonly wrapSeconds: number
}

/** Answers one request; returning nothing means success without a body (404 for reads and lists). */
export type Handler = (request: VaultRequest) => Reply | undefined | void | Promise<Reply | undefined | void>

/** A pattern below the mount and what it answers; operations that are missing answer 405. */
export type Route = {
  /** Named groups count as fields, which override those of the body with a warning. */
  readonly pattern: RegExp
  /** The fields it knows: those of a wrong type are refused, unknown ones named in a warning. Absent: it takes any. */
  readonly fields?: FieldSchema
  /** Needs no token, as logins. */
  readonly open?: true
  /**
   * Whether what would be written is there already: writing needs the capability `update` if so, else `create`. Absent: always `update`. May throw.
   */
  readonly exists?: (params: readonly string[], token: Token) => boolean
  /** Throws what is answered to an operation that is missing, if that is not 405. */
  readonly unsupported?: (fields: Fields) => void
} & {
  readonly [operation in Operation]?: Handler
}

/** The token of a request on a route that demands one. */
export function callerOf(request: VaultRequest): Token {
  if (request.token === undefined) throw new VaultError(403, 'permission denied')
  return request.token
}

/** Names as Vault's routes take them; anything else is an unsupported path, so quotes and slashes never reach a backend. */
export const NAME = String.raw`(\w(?:[\w.-]*\w)?)`

/** {@link NAME} as a named group, so that it is a field of the route: `named('role_name')`. */
export function named(field: string): string {
  return String.raw`(?<${field}>\w(?:[\w.-]*\w)?)`
}
