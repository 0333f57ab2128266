/** A connection as Go's MySQL driver describes it: `user:password@tcp(host:port)/database?param=value`. */
export interface MysqlAddress {
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number
  readonly socket: string | undefined
  readonly database: string
  readonly tls: 'none' | 'verify' | 'skip-verify'
}

/**
 * Reads a DSN as Go's driver does: the last `/` ends the address, the last `@` before it ends the password, the first `:` ends the user
 * name; nothing but the database is decoded. Throws an Error with the driver's text.
 */
export function parseMysqlDsn(dsn: string): MysqlAddress {
  const slash = dsn.lastIndexOf('/')
  if (slash === -1) throw new Error('invalid DSN: missing the slash separating the database name')
  const left = dsn.slice(0, slash)
  const [database = '', ...query] = dsn.slice(slash + 1).split('?')
  const at = left.lastIndexOf('@')
  const login = at === -1 ? '' : left.slice(0, at)
  const colon = login.indexOf(':')
  return {
    user: colon === -1 ? login : login.slice(0, colon),
    password: colon === -1 ? '' : login.slice(colon + 1),
    ...place(left.slice(at + 1)),
    database: decoded(database),
    tls: tlsOf(query.join('?')),
  }
}

function place(text: string): Pick<MysqlAddress, 'host' | 'port' | 'socket'> {
  const open = text.indexOf('(')
  if (open !== -1 && !text.endsWith(')')) {
    const isUnescaped = text.slice(open).includes(')')
    throw new Error(
      `invalid DSN: ${isUnescaped ? 'did you forget to escape a param value?' : 'network address not terminated (missing closing brace)'}`,
    )
  }
  const network = open === -1 ? text : text.slice(0, open)
  const address = open === -1 ? '' : text.slice(open + 1, -1)
  if (network === 'unix') return { host: '', port: 0, socket: address === '' ? '/tmp/mysql.sock' : address }
  if (network !== 'tcp' && network !== '') throw new Error(`default addr for network '${network}' unknown`)
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(address)
  if (match === null) throw new Error('invalid DSN: the address is not host:port')
  const host = match[1] ?? match[2] ?? ''
  return { host: host === '' ? '127.0.0.1' : host, port: match[3] === undefined ? 3306 : Number(match[3]), socket: undefined }
}

function decoded(database: string): string {
  try {
    return decodeURIComponent(database)
  } catch {
    throw new Error(`invalid dbname ${JSON.stringify(database)}`)
  }
}

/** Other parameters change how results come back or how long things may take, which a dev-vault has no use for. */
function tlsOf(query: string): MysqlAddress['tls'] {
  const parameter = query.split('&').find((part) => part.startsWith('tls='))
  const value = decodeURIComponent(parameter?.slice('tls='.length) ?? '')
  switch (value.toLowerCase()) {
    case '':
    case '0':
    case 'false':
      return 'none'
    case '1':
    case 'true':
      return 'verify'
    case 'skip-verify':
      return 'skip-verify'
    case 'preferred':
      throw new Error('dev-vault does not support tls=preferred; say true, skip-verify or false')
    default:
      throw new Error(`invalid value / unknown config name: ${value}`)
  }
}
