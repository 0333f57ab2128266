import type { HeaderOf } from './exchange'
import { Fields } from './fields'
import { readJsonObject } from './json-body'
import { VaultError } from './respond'

/** One HTTP request after its body has arrived. */
export interface RawRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  /** The header `X-Vault-Token` or the bearer token; `''` if there is none. */
  readonly token: string
  /** Any other header, by its name in lower case. */
  readonly header: HeaderOf
  readonly body: string
  readonly isGone: () => boolean
}

/** What HTTP asks for. `header` (HEAD) and `none` (OPTIONS) are operations that no route has. */
export type AskedOperation = 'read' | 'list' | 'update' | 'patch' | 'delete' | 'header' | 'none'

/** A request with its path and body understood. */
export interface Incoming {
  readonly operation: AskedOperation
  /** Without `/v1/`, decoded; lists end in `/`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly fields: Fields
}

const OPERATIONS: Readonly<Record<string, AskedOperation>> = {
  GET: 'read',
  HEAD: 'header',
  LIST: 'list',
  POST: 'update',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: 'none',
}

/** Where Go's router sends a path with `//`, `/./` or `/../` and its folders without their slash, or `undefined` if it takes it. */
export function cleanedUrl(url: string): string | undefined {
  const [path = '', ...rest] = url.split('?')
  if (path === '/v1' || path === '/v1/sys') return [`${path}/`, ...rest].join('?')
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const tail = path.endsWith('/') && kept.length > 0 ? '/' : ''
  const clean = `/${kept.join('/')}${tail}`
  return clean === path ? undefined : [clean, ...rest].join('?')
}

/** The query alone. */
export function parseQuery(url: string): URLSearchParams {
  return new URLSearchParams(url.split('?').slice(1).join('?'))
}

/** The decoded path and the query. Throws 404 for paths outside of `/v1/`. */
export function parseUrl(url: string): { path: string; query: URLSearchParams } {
  const path = decodeBytes(url.split('?')[0]!)
  if (!path.startsWith('/v1/')) throw new VaultError(404)
  return { path: path.slice('/v1/'.length), query: parseQuery(url) }
}

/** Understands method, path, query and body. Throws in Vault's order: method, `list`, content. */
export function understand(request: RawRequest): Incoming {
  const { path, query } = parseUrl(request.url)
  if (request.method === 'RECOVER') throw new VaultError(400, 'missing required snapshot ID')
  const asked = Object.hasOwn(OPERATIONS, request.method) ? OPERATIONS[request.method] : undefined
  if (asked === undefined) throw new VaultError(405)
  const operation = request.method === 'GET' && asksForList(query) ? 'list' : asked
  if (operation === 'list' && request.method === 'GET') query.delete('list')
  const fullPath = operation === 'list' && !path.endsWith('/') ? `${path}/` : path
  return { operation, path: fullPath, query, fields: new Fields(fieldsOf(request, operation, query)) }
}

function fieldsOf(request: RawRequest, operation: AskedOperation, query: URLSearchParams): object {
  if (operation === 'none') return {}
  if (operation === 'update') return isForm(request) ? readForm(request.body) : readJsonObject(request.body)
  if (operation !== 'patch') return queryFields(query)
  checkPatchType(request.header('content-type') ?? '')
  return readJsonObject(request.body)
}

/** False for a `?list=` that is no boolean, which Vault refuses before all else. */
export function isListValue(query: URLSearchParams): boolean {
  return /^(|[01fFtT]|false|FALSE|False|true|TRUE|True)$/.test(query.get('list') ?? '')
}

/** Whether `?list=` asks for a list, given a boolean. */
export function asksForList(query: URLSearchParams): boolean {
  return /^[1tT]/.test(query.get('list') ?? '')
}

function queryFields(query: URLSearchParams): object {
  const names = [...new Set(query.keys())].filter((name) => name !== 'help')
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}

/** A body of that type which starts like JSON is JSON all the same: curl sends `-d '{}'` so. */
function isForm(request: RawRequest): boolean {
  const type = (request.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  return type === 'application/x-www-form-urlencoded' && !/^\s*[{[]/.test(request.body)
}

function readForm(body: string): object {
  if (/%(?![\da-f]{2})/i.test(body) || body.includes(';')) throw new VaultError(400, 'error parsing form data')
  const form = new URLSearchParams(body)
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name).join(',')]))
}

function checkPatchType(header: string): void {
  const type = header.split(';')[0]!.trim().toLowerCase()
  if (type === '') throw new VaultError(400, 'mime: no media type')
  const wanted = 'application/merge-patch+json'
  if (type !== wanted) throw new VaultError(415, `PATCH requires Content-Type of ${wanted}, provided ${type}`)
}

/** False for paths with control characters or broken escapes, which Vault refuses before all else. */
export function isPrintable(url: string): boolean {
  return !/%(?![\da-f]{2})|%[01][\da-f]|%7f/i.test(url.split('?')[0]!)
}

/** Like decodeURIComponent, but turns bytes that are no UTF-8 into U+FFFD. */
function decodeBytes(text: string): string {
  // Node gives the raw bytes of a url as latin1, one character for each.
  const bytes = text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
