import fc from 'fast-check'
import { type FuzzRoute, ROUTES, SEGMENTS } from './routes'
import { oneOf, type Ref, ref, VALUES } from './values'

/** A request before each server's own tokens and ids are put into it. */
export interface FuzzRequest {
  readonly route: string
  readonly method: string
  /** Text and references, to be joined. */
  readonly path: readonly (string | Ref)[]
  readonly token: FuzzToken
  readonly headers: Readonly<Record<string, string>>
  /** A string goes as it is. */
  readonly body: unknown
}

/** Whose token: one of the fixture's, none, a dead one, or one that a server has made on the way. */
export type FuzzToken = 'root' | 'app' | 'min' | 'batch' | 'none' | 'bogus' | Ref

const METHODS = ['GET', 'LIST', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']

const TOKEN: fc.Arbitrary<FuzzToken> = fc.oneof(
  { weight: 60, arbitrary: oneOf<FuzzToken>('root') },
  { weight: 16, arbitrary: oneOf<FuzzToken>('app', 'min', 'batch', 'none', 'bogus', 'app') },
  { weight: 14, arbitrary: ref('token') },
  { weight: 3, arbitrary: ref('wrapping') },
)

const rarely = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 100 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary })

const HEADERS: fc.Arbitrary<Record<string, string | undefined>> = fc.record({
  'X-Vault-Wrap-TTL': rarely(8, oneOf('60', '1m', '0', 'x', '-1', '300s')),
  'X-Vault-Namespace': rarely(3, oneOf('ns', '')),
  'X-Vault-Request': rarely(10, oneOf('true')),
  'Content-Type': rarely(
    30,
    oneOf('application/json', 'text/plain', 'application/merge-patch+json', 'application/x-www-form-urlencoded'),
  ),
})

const QUERY = rarely(
  6,
  oneOf('?list=true', '?list=1', '?list=x', '?type=irrevocable', '?foo=bar', '?standbyok=true', '?activecode=250'),
)

const BROKEN = rarely(3, oneOf('{', '[]', '"x"', 'null', 'x', '{"a":1}x', '{"a" 1}', ' ', 'a=b'))

type Parts = readonly (string | Ref)[]

const MUTATIONS: Readonly<Record<string, (parts: Parts) => Parts>> = {
  extra: (parts) => [...parts, '/extra'],
  slash: (parts) => [...parts, '/'],
  double: (parts) => parts.map((part, index) => (index === 1 && part === '/' ? '//' : part)),
  case: (parts) => parts.map((part, index) => (index === 0 && typeof part === 'string' ? part.toUpperCase() : part)),
  cut: (parts) => (parts.length > 2 ? parts.slice(0, -2) : parts),
}

/** Any request, mostly of a shape that a server knows. */
export const REQUEST: fc.Arbitrary<FuzzRequest> = fc.oneof(
  ...ROUTES.map((route) => ({ weight: route.weight ?? 2, arbitrary: requestOf(route) })),
)

function requestOf(route: FuzzRoute): fc.Arbitrary<FuzzRequest> {
  const method = fc.oneof({ weight: 17, arbitrary: oneOf(...route.methods) }, { weight: 3, arbitrary: oneOf(...METHODS) })
  return fc
    .record({
      method,
      path: pathOf(route.path),
      query: QUERY,
      token: TOKEN,
      headers: HEADERS,
      fields: fieldsOf(route),
      broken: BROKEN,
    })
    .map(({ method, path, query, token, headers, fields, broken }) => ({
      route: path.name,
      method,
      path: [...path.parts, query ?? ''],
      token,
      headers: Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      body: broken ?? (fields === undefined || method === 'GET' ? undefined : fields),
    }))
}

/** The path, in 4 of 100 cases mutated; `name` tells the two apart. */
function pathOf(pattern: string): fc.Arbitrary<{ name: string; parts: Parts }> {
  const parts = fc.tuple(...pattern.split('/').map(segment))
  return fc.tuple(parts, rarely(4, oneOf(...Object.keys(MUTATIONS)))).map(([segments, mutation]) => {
    const joined = segments.flatMap((part, index) => (index === 0 ? [part] : ['/', part]))
    return {
      name: mutation === undefined ? pattern : `${pattern} (${mutation})`,
      parts: mutation === undefined ? joined : MUTATIONS[mutation]!(joined),
    }
  })
}

function segment(text: string): fc.Arbitrary<string | Ref> {
  if (!text.startsWith(':')) return fc.constant(text)
  if (text === ':lease') return fc.oneof(ref('lease'), oneOf('database/creds/ro/nope', 'x'))
  return oneOf(...SEGMENTS[text.slice(1)]!)
}

function fieldsOf({ fields }: FuzzRoute): fc.Arbitrary<object | undefined> {
  if (fields === undefined) return rarely(15, oneOf<object>({}, { unknown: 1 }))
  const optional = Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, VALUES[kind]]))
  // Few fields at a time: with all of them, one of a wrong type would hide what the others do.
  const required = Object.keys(fields).length <= 2
  const chosen = required
    ? fc.record(optional, { requiredKeys: [] })
    : fc
        .subarray(Object.keys(optional), { maxLength: Math.min(4, Object.keys(fields).length) })
        .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, optional[name]!]))))
  return fc.tuple(chosen, rarely(6, oneOf({ unknown: 1 }, { b: 1, a: 2 }))).map(([body, more]) => ({ ...body, ...more }))
}
