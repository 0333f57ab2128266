import { parseDuration } from '../durations'
import { UsageError } from '../errors'

/** The values of the command line as they were typed. */
export interface RawDevOptions {
  readonly postgres?: string
  readonly mysql?: string
  readonly ttl: string
  readonly maxTtl: string
  readonly port: string
  readonly json?: true
}

/** What `leasepool dev` is asked to do. */
export interface DevOptions {
  /** Absent: a server of its own, unless there is a MySQL. */
  readonly postgresUrl: URL | undefined
  readonly mysqlUrl: URL | undefined
  readonly ttlSeconds: number
  readonly maxTtlSeconds: number
  /** 0: any free one. */
  readonly port: number
  readonly isJson: boolean
}

/** Throws `UsageError` for the first value that cannot be used. Urls are not repeated in it: they hold passwords. */
export function readDevOptions(raw: RawDevOptions): DevOptions {
  const ttlSeconds = parseDuration('--ttl', raw.ttl)
  const maxTtlSeconds = parseDuration('--max-ttl', raw.maxTtl)
  if (ttlSeconds > maxTtlSeconds)
    throw new UsageError('--ttl', `at most --max-ttl, which is ${raw.maxTtl}: raise that, too`, raw.ttl)
  return {
    postgresUrl: databaseUrl('--postgres', raw.postgres, ['postgres:', 'postgresql:']),
    mysqlUrl: databaseUrl('--mysql', raw.mysql, ['mysql:']),
    ttlSeconds,
    maxTtlSeconds,
    port: portNumber(raw.port),
    isJson: raw.json === true,
  }
}

function databaseUrl(option: string, text: string | undefined, protocols: readonly string[]): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const hasAll = url !== undefined && protocols.includes(url.protocol) && url.hostname !== '' && url.username !== ''
  const hasDatabase = hasAll && url.pathname.length > 1
  if (hasDatabase) return url
  throw new UsageError(option, `a URL such as ${protocols[0]}//admin:password@127.0.0.1/app`)
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  throw new UsageError('--port', 'a port from 1 to 65535, or 0 for a free one', text)
}
