import type { Incoming } from '../http/incoming'
import { parseSeconds } from '../durations'
import { type Answer, envelope, VaultError, wrappedAnswer } from '../http/respond'
import { rfc3339, type Time } from '../time'
import type { Token, Tokens } from './tokens'

const NOT_VALID = 'wrapping token is not valid or does not exist'

/** What a wrapping token stands for. */
export interface WrappedResponse {
  /** The whole envelope, as it would have been sent; `''` for an answer without a body. */
  readonly body: string
  /** What the one who unwraps is answered with, if the answer said so itself. */
  readonly status: number | undefined
  readonly path: string
  readonly seconds: number
  readonly createdMs: number
  readonly accessor?: string | undefined
}

/** Seconds out of the header `X-Vault-Wrap-TTL`; 0 if it is absent. Throws 400 for text that is no duration. */
export function wrapSeconds(header: string | undefined): number {
  const seconds = parseSeconds(header ?? '')
  const bad = 'error parsing X-Vault-Wrap-TTL header: '
  if (seconds === undefined) throw new VaultError(400, `${bad}time: invalid duration`)
  if (seconds < 0) throw new VaultError(400, `${bad}requested wrap ttl cannot be negative`)
  return seconds
}

/** Keeps an envelope in the cubbyhole of a new token that can be used once, and answers with that token. */
export function wrap(
  { tokens, time }: { readonly tokens: Tokens; readonly time: Time },
  response: Omit<WrappedResponse, 'createdMs'>,
): Answer {
  const { seconds, path, accessor } = response
  const limits = { defaultSeconds: seconds, maxSeconds: seconds }
  const { token } = tokens.create({
    policies: ['response-wrapping'],
    displayName: '',
    path,
    renewable: false,
    numUses: 1,
    limits: () => ({ ...limits, explicitMaxSeconds: seconds }),
    mountLimits: () => limits,
  })
  const createdMs = time.nowMs()
  token.wrapped = { ...response, createdMs }
  token.cubbyhole.set('response', { response: stored(response) })
  token.cubbyhole.set('wrapinfo', { creation_ttl: seconds * 1e9, creation_time: rfc3339(createdMs), creation_path: path })
  return wrappedAnswer({
    token: token.id,
    accessor: token.accessor,
    ttl: seconds,
    creation_time: rfc3339(createdMs),
    creation_path: path,
    ...(accessor === undefined ? {} : { wrapped_accessor: accessor }),
  })
}

/** As Vault keeps it: an answer with a status of its own in an envelope of another kind. */
function stored({ body, status }: Pick<WrappedResponse, 'body' | 'status'>): string {
  if (status === undefined) return body
  const raw = body === '' ? {} : { http_raw_body: body }
  return envelope({ data: { http_content_type: 'application/json', http_status_code: status, ...raw } }, '')
}

/** Whether Vault looks for a wrapping token before anything else. */
export function isWrappingPath(path: string): boolean {
  return path === 'sys/wrapping/lookup' || path === 'sys/wrapping/unwrap' || path === 'sys/wrapping/rewrap'
}

/** Throws unless the request names a live wrapping token in its body or, without one there, in its header. */
export function assertWrappingToken(tokens: Tokens, request: Incoming & { readonly token: string }): void {
  const { token: named } = request.fields.all()
  const isNamed = named !== undefined && named !== null
  if (isNamed && typeof named !== 'string') throw notChecked('could not decode token in request body')
  if (named === '') throw notChecked('empty token in request body')
  const id = isNamed ? (named as string) : request.token
  if (id === '') throw notChecked('token is empty')
  if (tokens.find(id)?.wrapped === undefined) throw new VaultError(400, NOT_VALID)
}

function notChecked(why: string): VaultError {
  return new VaultError(403, `error validating wrapping token: ${why}`)
}

/** The token that a request on a wrapping path is about. Throws 400 if it is gone by now. */
export function wrappingToken(tokens: Tokens, named: string, caller: Token | undefined): Token {
  const token = named === '' ? caller : tokens.find(named)
  if (token?.wrapped === undefined) throw new VaultError(400, NOT_VALID)
  return token
}
