import type { FieldSchema } from '../http/fields'
import { multiError, type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import { rfc3339 } from '../time'
import type { Token, Tokens } from './tokens'
import { type WrappedResponse, wrappingToken } from './wrapping'

const TOKEN: FieldSchema = { token: 'string' }

/** The routes below `sys/wrapping/`. */
export function wrappingRoutes(tokens: Tokens): Route[] {
  const lookup = (request: VaultRequest): Reply => describe(named(tokens, request).wrapped!)
  return [
    { pattern: /^wrapping\/wrap$/, update: wrapFields },
    { pattern: /^wrapping\/lookup$/, open: true, fields: TOKEN, read: lookup, update: lookup },
    { pattern: /^wrapping\/unwrap$/, fields: TOKEN, update: (request) => unwrap(tokens, request) },
    { pattern: /^wrapping\/rewrap$/, fields: TOKEN, update: (request) => rewrap(tokens, request) },
  ]
}

function wrapFields(request: VaultRequest): Reply {
  if (request.wrapSeconds === 0) throw new VaultError(400, 'endpoint requires response wrapping to be used')
  return { data: request.fields.all(), dataAtTopLevel: true }
}

function describe({ seconds, createdMs, path }: WrappedResponse): Reply {
  return { data: { creation_path: path, creation_time: rfc3339(createdMs), creation_ttl: seconds } }
}

function unwrap(tokens: Tokens, request: VaultRequest): Reply {
  return unwrapped(spent(tokens, request).wrapped!)
}

function rewrap(tokens: Tokens, request: VaultRequest): Reply {
  const response = spent(tokens, request).wrapped!
  return { ...unwrapped(response), wrap: { seconds: response.seconds, path: response.path } }
}

function unwrapped({ body, status }: WrappedResponse): Reply {
  return { ...(body === '' ? {} : { raw: body }), ...(status === undefined ? {} : { status }) }
}

/** A token that unwraps itself was used up when the request came in; one that another names is ended here. */
function spent(tokens: Tokens, request: VaultRequest): Token {
  const id = request.fields.string('token') ?? ''
  if (id !== '' && id === request.token?.id) {
    const why = 'invalid token entry provided for use count decrementing'
    throw new VaultError(500, multiError(`error decrementing wrapping token's use-count: ${why}`))
  }
  const token = named(tokens, request)
  if (id !== '') tokens.end(token)
  return token
}

function named(tokens: Tokens, request: VaultRequest): Token {
  return wrappingToken(tokens, request.fields.string('token') ?? '', request.token)
}
