import { LOGIN_METHODS } from '../auth/methods'
import { DATABASE_PLUGINS } from '../database/database-plugins'
import type { Route } from '../http/route'

const SECRET_ENGINES = ['kv']
const VERSION = 'v1.21.0+builtin.vault'

/** `sys/plugins/catalog` with what can be mounted and connected here, and `sys/audit`, where there never is anything. */
export function catalogRoutes(): Route[] {
  const kinds: Readonly<Record<string, readonly string[]>> = {
    auth: [...LOGIN_METHODS.keys()].sort(),
    database: [...DATABASE_PLUGINS].sort(),
    secret: SECRET_ENGINES,
  }
  const detailed = Object.entries(kinds).flatMap(([type, names]) => names.map((name) => describe(type, name)))
  return [
    { pattern: /^audit$/, fields: {}, read: () => ({ data: {} }) },
    { pattern: /^plugins\/catalog\/?$/, fields: {}, read: () => ({ data: { ...kinds, detailed } }) },
    {
      pattern: /^plugins\/catalog\/(?<type>auth|database|secret)\/?$/,
      fields: { type: 'string' },
      list: ({ params }) => ({ data: { keys: kinds[params[0]!] } }),
    },
  ]
}

function describe(type: string, name: string): object {
  const version = name === 'kv' ? 'v0.25.0+builtin' : VERSION
  return { builtin: true, deprecation_status: 'supported', name, type, version }
}
