import type { DevOptions } from './options'
import { startPostgresProcess, type PostgresProcess } from './postgres-handle'

/** A database server in which users are made, and the Vault role for it. */
export interface DevDatabase {
  readonly kind: 'postgres' | 'mysql'
  /** With an administrator's password: never shown, unless the server is our own. */
  readonly adminUrl: string
  readonly isOwn: boolean
  readonly host: string
  readonly port: number
  readonly database: string
  /** Read as `database/creds/<role>`. */
  readonly role: string
}

/** The databases of a command line, and how to end the server that was started for it. */
export interface Databases {
  readonly all: readonly DevDatabase[]
  /** Our own server, if there is one. */
  readonly own: PostgresProcess | undefined
}

/** Takes the servers that were named, or starts one. Rejects with `CommandError`, with nothing left running. */
export async function openDatabases({ postgresUrl, mysqlUrl }: DevOptions, ending: AbortSignal): Promise<Databases> {
  const own = postgresUrl === undefined && mysqlUrl === undefined ? await startPostgresProcess(ending) : undefined
  const postgres = own === undefined ? postgresUrl : new URL(own.url)
  const all = [
    ...(postgres === undefined ? [] : [describe('postgres', postgres, 'app', own !== undefined)]),
    ...(mysqlUrl === undefined ? [] : [describe('mysql', mysqlUrl, postgres === undefined ? 'app' : 'app-mysql', false)]),
  ]
  return { all, own }
}

const DEFAULT_PORTS = { postgres: 5432, mysql: 3306 } as const

function describe(kind: DevDatabase['kind'], url: URL, role: string, isOwn: boolean): DevDatabase {
  const port = url.port === '' ? DEFAULT_PORTS[kind] : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { kind, adminUrl: url.href, isOwn, host, port, database: decodeURIComponent(url.pathname.slice(1)), role }
}
