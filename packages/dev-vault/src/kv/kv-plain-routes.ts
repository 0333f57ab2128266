import { parseSeconds } from '../durations'
import { keysBelow } from './kv'
import type { MountReference } from '../system/mounts'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'

type Secrets = Map<string, Readonly<Record<string, unknown>>>

/** The routes of a key/value mount without versions. */
export function plainRoutes(mount: MountReference): Route[] {
  const secrets: Secrets = new Map()
  return [
    {
      pattern: /^(.*)$/,
      exists: (params) => secrets.has(params[0]!),
      read: (request) => read(secrets.get(request.params[0]!), mount),
      list: (request) => ({ data: { keys: keysBelow(secrets.keys(), request.params[0]!) } }),
      update: (request) => write(secrets, request),
      delete: (request) => void secrets.delete(request.params[0]!),
    },
  ]
}

/** A lease without an id: how long the client may keep it, by the secret's own `ttl` or the mount's default. */
function read(data: Readonly<Record<string, unknown>> | undefined, mount: MountReference): Reply | undefined {
  if (data === undefined) return undefined
  const own = parseSeconds(data['ttl'] ?? data['lease'] ?? '')
  return { data, lease: { id: '', renewable: false, seconds: own || mount.limits().defaultSeconds } }
}

function write(secrets: Secrets, request: VaultRequest): void {
  const path = request.params[0]!
  const data = request.fields.all()
  if (path === '') throw new VaultError(400, 'missing path')
  if (Object.keys(data).length === 0) throw new VaultError(400, 'missing data fields')
  secrets.set(path, data)
}
