import type { FieldSchema } from '../http/fields'
import type { Policies } from './policies'
import { multiError, type Reply, VaultError } from '../http/respond'
import { type Route, type VaultRequest } from '../http/route'
import type { Token, Tokens } from '../tokens/tokens'

const FIXED = ['response-wrapping', 'control-group']

/** `sys/policies/acl`, its older form `sys/policy`, and the capabilities of tokens. */
export function policyRoutes(policies: Policies, tokens: Tokens): Route[] {
  return [
    ...storeRoutes(policies, 'policies/acl', 'policy'),
    ...storeRoutes(policies, 'policy', 'rules'),
    ...capabilityRoutes(policies, tokens),
  ]
}

/** The older form lists on GET, too, and says `rules` for the text. */
function storeRoutes(policies: Policies, folder: string, text: 'policy' | 'rules'): Route[] {
  const isOld = text === 'rules'
  const list = (): Reply => {
    const keys = policies.names()
    return { data: isOld ? { keys, policies: keys } : { keys }, dataAtTopLevel: isOld }
  }
  const fields: FieldSchema = { name: 'string', policy: 'string', ...(isOld ? { rules: 'string' } : {}) }
  return [
    { pattern: new RegExp(`^${folder}/?$`), fields: {}, list, ...(isOld ? { read: list } : {}) },
    {
      pattern: new RegExp(`^${folder}/(?<name>.+)$`),
      fields,
      // Vault reads through a cache, whose keys have no slash at the end.
      read: (request) => read(policies, nameOf(request).replace(/\/$/, ''), text),
      update: (request) => write(policies, request, isOld),
      delete: (request) => remove(policies, nameOf(request)),
    },
  ]
}

function read(policies: Policies, name: string, key: 'policy' | 'rules'): Reply | undefined {
  const text = policies.text(name)
  return text === undefined ? undefined : { data: { name, [key]: text }, dataAtTopLevel: key === 'rules' }
}

function write(policies: Policies, request: VaultRequest, isOld: boolean): Reply | undefined {
  const name = nameOf(request)
  const current = request.fields.string('policy') ?? ''
  const rules = isOld && current === '' ? (request.fields.string('rules') ?? '') : ''
  const text = fromBase64(current === '' ? rules : current)
  if (text === '') throw new VaultError(400, "'policy' parameter not supplied or empty")
  store(policies, name, text)
  const warnings = [
    ...(name === request.params[0] ? [] : [`policy name was converted to ${name}`]),
    ...(rules === '' ? [] : ["'rules' is deprecated, please use 'policy' instead"]),
  ]
  return warnings.length === 0 ? undefined : { warnings }
}

function store(policies: Policies, name: string, text: string): void {
  policies.check(text)
  if (name === 'root' || FIXED.includes(name)) throw new VaultError(400, `cannot update "${name}" policy`)
  policies.set(name, text)
}

function remove(policies: Policies, name: string): void {
  if (name === 'default') throw new VaultError(400, 'cannot delete default policy')
  if (name === 'root' || FIXED.includes(name)) throw new VaultError(400, `cannot delete "${name}" policy`)
  policies.delete(name)
}

function nameOf(request: VaultRequest): string {
  return request.params[0]!.toLowerCase()
}

/** Vault takes the text of a policy in base64, too. */
function fromBase64(text: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return text
  return Buffer.from(text, 'base64').toString('utf8')
}

function capabilityRoutes(policies: Policies, tokens: Tokens): Route[] {
  const paths: FieldSchema = { path: 'list', paths: 'list' }
  return [
    {
      pattern: /^capabilities-self$/,
      fields: { ...paths, token: 'string', namespace: 'string' },
      update: (request) => capabilities(policies, () => caller(tokens, request), request),
    },
    {
      pattern: /^capabilities$/,
      fields: { ...paths, token: 'string' },
      update: (request) => {
        if ((request.fields.string('token') ?? '') === '') throw new VaultError(500, multiError('no token found'))
        return capabilities(policies, () => named(tokens, request), request)
      },
    },
    {
      pattern: /^capabilities-accessor$/,
      fields: { ...paths, accessor: 'string' },
      update: (request) => capabilities(policies, () => byAccessor(tokens, request), request),
    },
  ]
}

function capabilities(policies: Policies, tokenOf: () => Token, { fields }: VaultRequest): Reply {
  const several = fields.list('paths') ?? []
  const paths = several.length > 0 ? several : (fields.list('path') ?? [])
  if (paths.length === 0) throw new VaultError(400, 'paths must be supplied')
  const token = tokenOf()
  if (paths.includes('')) throw new VaultError(400, multiError('missing path'))
  const found = Object.fromEntries(paths.map((path) => [path, policies.capabilities(token, path)]))
  const only = paths.length === 1 ? { capabilities: found[paths[0]!] } : {}
  return { data: { ...found, ...only }, dataAtTopLevel: true }
}

/** A token in its last use counts as none. */
function caller(tokens: Tokens, { tokenId }: VaultRequest): Token {
  const token = tokens.find(tokenId)
  if (token === undefined) throw new VaultError(400, multiError('invalid token'))
  return token
}

function named(tokens: Tokens, { fields }: VaultRequest): Token {
  const token = tokens.find(fields.string('token')!)
  if (token === undefined) throw new VaultError(400, multiError('invalid token'))
  return token
}

function byAccessor(tokens: Tokens, { fields }: VaultRequest): Token {
  const accessor = fields.string('accessor') ?? ''
  if (accessor === '') throw new VaultError(400, 'missing accessor')
  const token = tokens.findByAccessor(accessor)
  if (token === undefined) throw new VaultError(400, multiError('invalid accessor'))
  return token
}
