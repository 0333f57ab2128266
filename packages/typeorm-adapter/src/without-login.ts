import { OptionError, warnLoginDropped } from '@leasepool/core'
import type { Node } from './typeorm-members'

/** Names for who logs in that `extra` may hold, which goes to the driver over everything else. */
const EXTRA_LOGIN = ['user', 'password', 'passwordSha1', 'connectionString', 'uri'] as const

/** `extra` without a login, with a warning about what was dropped. */
export function extraWithoutLogin(extra: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const rest = { ...extra }
  const dropped = EXTRA_LOGIN.filter((name) => rest[name] !== undefined)
  for (const name of dropped) delete rest[name]
  if (dropped.length > 0) warnLoginDropped('leasedDataSource.extra', dropped.join(' and '))
  return rest
}

/** Where the server of a MySQL node is, its `url` taken apart as TypeORM does it. Throws `OptionError`. */
export function mysqlNode<T extends Node>(where: string, node: T): Omit<T, 'url' | 'username' | 'password'> {
  const { url, username, password, ...rest } = node
  const parts = url === undefined || url === '' ? undefined : parseUrl(where, url)
  const dropped = [username || parts?.hasUser ? 'user' : '', password || parts?.hasPassword ? 'password' : '']
  if (dropped.some(Boolean)) warnLoginDropped(where, dropped.filter(Boolean).join(' and '))
  return { ...rest, ...parts?.node }
}

interface Parts {
  readonly node: { host?: string; port?: number; database?: string }
  readonly hasUser: boolean
  readonly hasPassword: boolean
}

function parseUrl(where: string, url: string): Parts {
  // A password may hold what ends a host elsewhere: what is up to the last @ goes before anything is parsed.
  const [, scheme, login, place] = /^([a-z0-9+.-]+:\/\/)(?:([^/]*)@)?(.*)$/i.exec(url) ?? []
  if (scheme === undefined || !URL.canParse(scheme + place)) {
    throw new OptionError(`${where}.url`, 'a URL such as "mysql://db.internal:3306/app"', 'a string that is none')
  }
  const { hostname, port, pathname } = new URL(scheme + place)
  const database = decodeURIComponent(pathname.slice(1))
  return {
    node: {
      ...(hostname === '' ? {} : { host: hostname }),
      ...(port === '' ? {} : { port: Number(port) }),
      ...(database === '' ? {} : { database }),
    },
    hasUser: login !== undefined && !login.startsWith(':'),
    hasPassword: login?.includes(':') === true,
  }
}
