import { keysBelow } from './kv'
import { multiError, type Reply, VaultError } from '../http/respond'
import { callerOf, type Route, type VaultRequest } from '../http/route'
import type { Token } from '../tokens/tokens'

/** The routes of `cubbyhole/`, where each token keeps what it likes for as long as it lives. */
export function cubbyholeRoutes(): Route[] {
  return [
    {
      pattern: /^(.*)$/,
      exists: (params, token) => {
        if (params[0]!.includes('..')) throw new VaultError(500, multiError('internal error'))
        return token.cubbyhole.has(params[0]!)
      },
      read: (request) => read(place(request, 'read'), request.params[0]!),
      list: (request) => ({ data: { keys: keysBelow(place(request, 'list').keys(), request.params[0]!) } }),
      update: (request) => write(place(request, 'write'), request),
      delete: (request) => void place(request, 'delete').delete(request.params[0]!),
    },
  ]
}

function place(request: VaultRequest, verb: string): Token['cubbyhole'] {
  const token = callerOf(request)
  if (token.type === 'batch') throw new VaultError(400, 'cubbyhole operations are only supported by "service" type tokens')
  const path = request.params[0]!
  if (path === '' && verb !== 'list' && verb !== 'delete') throw new VaultError(500, multiError('missing path'))
  if (!path.includes('..')) return token.cubbyhole
  if (verb === 'list') throw new VaultError(400, multiError('relative paths not supported'))
  throw new VaultError(400, multiError(`${verb} failed: relative paths not supported`))
}

function read(cubbyhole: Token['cubbyhole'], path: string): Reply | undefined {
  const data = cubbyhole.get(path)
  return data && { data }
}

function write(cubbyhole: Token['cubbyhole'], request: VaultRequest): void {
  const data = request.fields.all()
  if (Object.keys(data).length === 0) throw new VaultError(500, multiError('missing data fields'))
  cubbyhole.set(request.params[0]!, data)
}
